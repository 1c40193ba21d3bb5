// What people read: names, values, counts, sentences.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/base/value.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace cellverdict;

TEST_CASE("the nearest name is the one with the fewest letters wrong, and none when all are far") {
  const std::vector<std::string> names = {"donor_id", "donor", "disease", "batch_size"};
  CHECK(nearest_name("doner", names) == "donor");
  CHECK(nearest_name("Donor_ID", names) == "donor_id");
  CHECK(nearest_name("desease", names) == "disease");
  CHECK(nearest_name("batchsize", names) == "batch_size");
  CHECK(nearest_name("donor", names) == "donor");
  CHECK_FALSE(nearest_name("temperature", names));
  CHECK_FALSE(nearest_name("donor", std::vector<std::string>{}));
}

TEST_CASE("a short name is never taken for one that shares no letter with it") {
  const std::vector<std::string> names = {"by", "x"};
  CHECK_FALSE(nearest_name("lr", names));
  CHECK_FALSE(nearest_name("a", names));
  CHECK_FALSE(nearest_name("", names));
  CHECK(nearest_name("bz", names) == "by");
}

TEST_CASE("a suggestion names the nearest and what is known") {
  CHECK(suggestion("doner", std::vector<std::string>{"donor", "day"}) == "did you mean 'donor'? known: donor, day");
  CHECK(suggestion("zzzzzz", std::vector<std::string>{"donor", "day"}) == "known: donor, day");
  CHECK(suggestion("x", {}) == "known: none");
}

TEST_CASE("a long list is cut and counted") {
  const std::vector<std::string> names = {"a", "b", "c"};
  CHECK(listed(names) == "a, b, c");
  CHECK(listed(names, 3) == "a, b, c");
  CHECK(listed(names, 2) == "a, b, … (3 in all)");
  CHECK(listed({}).empty());
}

TEST_CASE("a value is written as TOML on one line") {
  const auto text = [](auto x) { return Value{x, {}}.text(); };
  CHECK(text(true) == "true");
  CHECK(text(std::int64_t{-3}) == "-3");
  CHECK(text(0.1) == "0.1");
  CHECK(text(2.0) == "2.0");
  CHECK(text(1e-30) == "1e-30");
  CHECK(text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(text(std::string("a \"b\" \\ c\r\nd")) == R"("a \"b\" \\ c\r\nd")");
  CHECK(text(ValueList{}) == "[]");
  CHECK(text(ValueList{{std::int64_t{1}, {}}, {std::string("x"), {}}}) == R"([1, "x"])");
  CHECK(text(ValueTable{{"split.test", {std::int64_t{19}, {}}}, {"n", {ValueTable{{"", {true, {}}}}, {}}}, {"q\"", {0.5, {}}}}) ==
        R"({ "split.test" = 19, n = { "" = true }, "q\"" = 0.5 })");
}

TEST_CASE("a value is found by key, and only in a table") {
  const Value table{ValueTable{{"a", {std::int64_t{1}, {}}}}, {}};
  REQUIRE(table.find("a") != nullptr);
  CHECK(table.find("a")->kind() == "a whole number");
  CHECK(table.find("b") == nullptr);
  CHECK(Value{true, {}}.find("a") == nullptr);
  CHECK(table.kind() == "a table");
}

TEST_CASE("counts have commas") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(12811) == "12,811");
  CHECK(with_commas(-123456) == "-123,456");
  CHECK(with_commas(-1234567) == "-1,234,567");
  CHECK(with_commas(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
}

TEST_CASE("one is singular, anything else plural") {
  CHECK(counted(1, "cell") == "1 cell");
  CHECK(counted(0, "cell") == "0 cells");
  CHECK(counted(12811, "cell") == "12,811 cells");
  CHECK(counted(2, "library") == "2 libraries");
  CHECK(counted(2, "study") == "2 studies");
  CHECK(counted(2, "day") == "2 days");
  CHECK(counted(2, "class") == "2 classes");
  CHECK(counted(2, "batch") == "2 batches");
}

TEST_CASE("an error is one sentence, and parts that say nothing leave no trace") {
  CHECK(std::string(InputError({"a.h5ad obs", "nothing", "a label", "name one"}).what()) ==
        "a.h5ad obs: found nothing, expected a label; name one.");
  CHECK(std::string(DataError({"split", "no donor", "", ""}).what()) == "split: found no donor.");
  CHECK(std::string(UsageError({"train", "", "two classes", ""}).what()) == "train, expected two classes.");
}

TEST_CASE("the kind of an error is the exit code of the program") {
  CHECK(UsageError(Complaint{}).exit_code() == 2);
  CHECK(InputError(Complaint{}).exit_code() == 1);
  CHECK(DataError(Complaint{}).exit_code() == 1);
  CHECK(InternalError(Complaint{}).exit_code() == 70);
  CHECK(Interrupted(Complaint{}).exit_code() == 130);
}
