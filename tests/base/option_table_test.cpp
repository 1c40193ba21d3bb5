#include <cellverdict/base/option_table.h>
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace cellverdict;

namespace {

struct BrewOptions {
  bool strong = false;
  int cups = 2;
  std::int64_t beans = 100;
  std::uint64_t seed = 42;
  double learning_rate = 1e-3;
  double dropout = 0.3;
  std::string kind = "filter";
  std::vector<std::string> guests = {"ann"};
};

bool operator==(const BrewOptions& a, const BrewOptions& b) {
  return a.strong == b.strong && a.cups == b.cups && a.beans == b.beans && a.seed == b.seed && a.learning_rate == b.learning_rate &&
         a.dropout == b.dropout && a.kind == b.kind && a.guests == b.guests;
}

const OptionTable<BrewOptions>& brew_options() {
  static const auto table = OptionTable<BrewOptions>("brew")
                                .add("strong", &BrewOptions::strong, "more of it")
                                .add("cups", &BrewOptions::cups, "how many", at_least(1))
                                .add("beans", &BrewOptions::beans, "how many")
                                .add("seed", &BrewOptions::seed, "of the grinder")
                                .add("learning_rate", &BrewOptions::learning_rate, "of the barista", above(0))
                                .add("dropout", &BrewOptions::dropout, "of the filter", between(0, 1))
                                .add("kind", &BrewOptions::kind, "which", one_of({"filter", "espresso"}))
                                .add("guests", &BrewOptions::guests, "who");
  return table;
}

Value value(auto x) {
  return {x, {}};
}

BrewOptions read(ValueTable pairs) {
  BrewOptions options;
  brew_options().read({std::move(pairs), {}}, options, "brew.toml");
  return options;
}

std::string refusal(const std::string& key, Value given) {
  try {
    read({{key, std::move(given)}});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

using Whole = std::int64_t;

}  // namespace

TEST_CASE("what a table writes it reads back") {
  BrewOptions options;
  CHECK(read(brew_options().write(options)) == options);
  options = {.strong = true,
             .cups = 7,
             .beans = Whole{1} << 60,
             .seed = 0,
             .learning_rate = 0.1,
             .dropout = 1,
             .kind = "espresso",
             .guests = {"a b", "", "ü"}};
  CHECK(read(brew_options().write(options)) == options);
  options.guests.clear();
  CHECK(read(brew_options().write(options)) == options);
}

TEST_CASE("options are written in the table's order, and those not named keep their default") {
  const auto written = brew_options().write({});
  REQUIRE(written.size() == 8);
  CHECK(written.front().first == "strong");
  CHECK(written.back().first == "guests");
  const BrewOptions options = read({{"cups", value(Whole{5})}});
  CHECK(options.cups == 5);
  CHECK(options.kind == "filter");
  CHECK(read({}) == BrewOptions{});
}

TEST_CASE("an unknown key names its place and the nearest key") {
  CHECK(refusal("learning_rte", value(0.1)) ==
        "brew.toml [brew] learning_rte: found an unknown key; did you mean 'learning_rate'? known: strong, cups, beans, seed, "
        "learning_rate, dropout, kind, guests.");
  CHECK(refusal("zzzzzzzzz", value(0.1)).find("did you mean") == std::string::npos);
}

TEST_CASE("the line of the file is named when it is known") {
  CHECK(refusal("cups", {Whole{0}, "brew.toml line 3"}) ==
        "brew.toml line 3 [brew] cups: found 0, expected at least 1; correct the value.");
}

TEST_CASE("a value out of range is refused with the range") {
  CHECK(refusal("cups", value(Whole{0})).find("found 0, expected at least 1;") != std::string::npos);
  CHECK(refusal("learning_rate", value(0.0)).find("found 0.0, expected above 0;") != std::string::npos);
  CHECK(refusal("dropout", value(1.5)).find("found 1.5, expected 0 to 1;") != std::string::npos);
  CHECK(refusal("dropout", value(-0.1)).find("found -0.1, expected 0 to 1;") != std::string::npos);
  CHECK(refusal("cups", value(Whole{1} << 40)).find("a whole number of moderate size") != std::string::npos);
  CHECK(refusal("seed", value(Whole{-1})).find("found -1") != std::string::npos);
  for (const double x : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(refusal("dropout", value(x)).find("expected 0 to 1") != std::string::npos);
    CHECK(refusal("learning_rate", value(x)).find("expected above 0") != std::string::npos);
  }
}

TEST_CASE("limits themselves are inside, and only an open limit is not") {
  CHECK(read({{"dropout", value(0.0)}}).dropout == 0);
  CHECK(read({{"dropout", value(Whole{1})}}).dropout == 1);
  CHECK(read({{"cups", value(Whole{1})}}).cups == 1);
  CHECK(read({{"learning_rate", value(1e-300)}}).learning_rate == 1e-300);
}

TEST_CASE("a choice that is not one is refused with the nearest and all") {
  CHECK(refusal("kind", value(std::string("expresso"))) ==
        "brew.toml [brew] kind: found 'expresso', expected one of: filter, espresso; did you mean 'espresso'? known: filter, "
        "espresso.");
}

TEST_CASE("a value of the wrong type is refused and never bent") {
  CHECK(refusal("strong", value(Whole{1})).find("found 1, expected true or false") != std::string::npos);
  CHECK(refusal("strong", value(std::string("true"))).find("found \"true\", expected true or false") != std::string::npos);
  CHECK(refusal("cups", value(2.0)).find("found 2.0, expected a whole number") != std::string::npos);
  CHECK(refusal("cups", value(true)).find("found true, expected a whole number") != std::string::npos);
  CHECK(refusal("dropout", value(std::string("0.3"))).find("found \"0.3\", expected a number") != std::string::npos);
  CHECK(refusal("kind", value(ValueList{})).find("found [], expected a text") != std::string::npos);
  CHECK(refusal("guests", value(ValueTable{})).find("expected a text") != std::string::npos);
  BrewOptions options;
  CHECK_THROWS_WITH_AS(brew_options().read({Whole{3}, {}}, options, "brew.toml"),
                       "brew.toml [brew]: found a whole number, expected a table of options; write it as [brew] with one "
                       "`key = value` a line.",
                       UsageError);
}

TEST_CASE("a whole number serves as a real one, a number as a text, one text as a list of one") {
  CHECK(read({{"learning_rate", value(Whole{2})}}).learning_rate == 2);
  CHECK(read({{"guests", value(Whole{19})}}).guests == std::vector<std::string>{"19"});
  CHECK(read({{"guests", value(std::string("eve"))}}).guests == std::vector<std::string>{"eve"});
  CHECK(read({{"guests", value(ValueList{value(std::string("eve")), value(Whole{3})})}}).guests ==
        std::vector<std::string>{"eve", "3"});
}

TEST_CASE("ranges are described as a person would") {
  CHECK(at_least(1).described() == "at least 1");
  CHECK(above(0).described() == "above 0");
  CHECK(between(0, 0.5).described() == "0 to 0.5");
  CHECK(Allowed{.most = 10}.described() == "at most 10");
  CHECK(Allowed{.least = 0, .most = 1, .exclusive_least = true}.described() == "above 0 to 1");
  CHECK(at_least(1e6).described() == "at least 1000000");
  CHECK(one_of({"a", "b"}).described() == "one of: a, b");
}
