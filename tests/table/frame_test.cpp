#include <cellverdict/base/error.h>
#include <cellverdict/table/frame.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace cellverdict;

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> texts(const Frame& frame, const std::string& name) {
  const Column* column = frame.find(name);
  REQUIRE(column != nullptr);
  REQUIRE(column->size() == frame.n_rows());
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < column->size(); ++i) out.push_back(column->missing(i) ? "-" : column->text(i));
  return out;
}

using Texts = std::vector<std::string>;

Frame two_mice() {
  Frame frame;
  frame.index = {"c1", "c2"};
  frame.set("donor", make_text_column({"m1", "m2"}));
  frame.set("age", make_number_column({3, 4.5}));
  return frame;
}

}  // namespace

TEST_CASE("text is coded in order of appearance, and empty text is missing") {
  const Column column = make_text_column({"b", "a", "", "b"});
  CHECK(column.levels == Texts{"b", "a"});
  CHECK(column.codes == std::vector<std::int32_t>{0, 1, -1, 0});
  CHECK(column.missing(2));
  CHECK(column.text(2).empty());
  CHECK(column.text(3) == "b");
  CHECK(column.size() == 4);
}

TEST_CASE("numbers are written as a person would, and NaN is missing") {
  const Column column = make_number_column({19, -0.5, 100000, 1e6, 0.1, kMissing, -0.0, 1e300, 123456789012.0});
  const Texts expected = {"19", "-0.5", "100000", "1000000", "0.1", "", "0", "1e+300", "123456789012"};
  for (std::int64_t i = 0; i < column.size(); ++i) CHECK(column.text(i) == expected[static_cast<std::size_t>(i)]);
  CHECK(column.missing(5));
  CHECK_FALSE(column.missing(6));
}

TEST_CASE("a constant column repeats its value, and an empty one is all missing") {
  const Column day = make_constant_column("d0", 3);
  CHECK(day.codes == std::vector<std::int32_t>{0, 0, 0});
  const Column none = make_constant_column("", 2);
  CHECK(none.levels.empty());
  CHECK(none.missing(1));
}

TEST_CASE("a column is found, replaced in place, or asked for by its nearest name") {
  Frame frame = two_mice();
  frame.set("donor", make_constant_column("m9", 2));
  CHECK(frame.names == Texts{"donor", "age"});
  CHECK(texts(frame, "donor") == Texts{"m9", "m9"});
  CHECK(frame.find("dono") == nullptr);
  CHECK_THROWS_WITH_AS(frame.column("dono", "[data] donor"),
                       "[data] donor: found no column 'dono' in the data; did you mean 'donor'? known: donor, age.", UsageError);
}

TEST_CASE("selected rows come in the order asked for, with their index and missing values") {
  Frame frame = two_mice();
  frame.index.push_back("c3");
  frame.set("donor", make_text_column({"m1", "m2", ""}));
  frame.set("age", make_number_column({3, kMissing, 5}));
  const Frame picked = frame.select({2, 0, 0});
  CHECK(picked.index == Texts{"c3", "c1", "c1"});
  CHECK(texts(picked, "donor") == Texts{"-", "m1", "m1"});
  CHECK(texts(picked, "age") == Texts{"5", "3", "3"});
  CHECK(frame.select({}).n_rows() == 0);
  CHECK(frame.select({}).names == frame.names);
}

TEST_CASE("appended rows keep their words though the codes differ") {
  Frame above = two_mice(), below;
  below.index = {"c3", "c4", "c5"};
  below.set("age", make_number_column({kMissing, 7, 8}));
  below.set("donor", make_text_column({"m3", "", "m1"}));
  append_rows(above, below);
  CHECK(above.index == Texts{"c1", "c2", "c3", "c4", "c5"});
  CHECK(texts(above, "donor") == Texts{"m1", "m2", "m3", "-", "m1"});
  CHECK(texts(above, "age") == Texts{"3", "4.5", "-", "7", "8"});
  CHECK(above.find("donor")->levels == Texts{"m1", "m2", "m3"});
}

TEST_CASE("a column that only one side has is missing on the other") {
  Frame above = two_mice(), below;
  below.index = {"c3"};
  below.set("sex", make_text_column({"f"}));
  below.set("weight", make_number_column({20}));
  append_rows(above, below);
  CHECK(above.names == Texts{"donor", "age", "sex", "weight"});
  CHECK(texts(above, "donor") == Texts{"m1", "m2", "-"});
  CHECK(texts(above, "age") == Texts{"3", "4.5", "-"});
  CHECK(texts(above, "sex") == Texts{"-", "-", "f"});
  CHECK(texts(above, "weight") == Texts{"-", "-", "20"});
}

TEST_CASE("a column that is a number above and text below becomes text, and the other way round") {
  for (const bool number_above : {true, false}) {
    Frame numbers, words;
    numbers.index = {"n1", "n2"};
    numbers.set("day", make_number_column({16, kMissing}));
    words.index = {"w1", "w2"};
    words.set("day", make_text_column({"late", "16"}));
    Frame& above = number_above ? numbers : words;
    append_rows(above, number_above ? words : numbers);
    CHECK(above.find("day")->kind == Column::Kind::text);
    CHECK(texts(above, "day") == (number_above ? Texts{"16", "-", "late", "16"} : Texts{"late", "16", "16", "-"}));
    CHECK(above.find("day")->levels.size() == 2);  // 16 is one word, wherever it came from
  }
}

TEST_CASE("rows appended to nothing are the rows, and nothing appended changes nothing") {
  Frame empty, frame = two_mice();
  append_rows(empty, frame);
  CHECK(texts(empty, "donor") == Texts{"m1", "m2"});
  append_rows(frame, Frame{});
  CHECK(frame.n_rows() == 2);
  CHECK(texts(frame, "age") == Texts{"3", "4.5"});
}

TEST_CASE("labels sort as numbers when all are numbers, else by character") {
  const auto sorted = [](Texts labels) {
    sort_labels(labels);
    return labels;
  };
  CHECK(sorted({"16", "2", "0", "-1"}) == Texts{"-1", "0", "2", "16"});
  CHECK(sorted({"16", "2", "late"}) == Texts{"16", "2", "late"});
  CHECK(sorted({"1.0", "1", "0.5"}) == Texts{"0.5", "1", "1.0"});
  CHECK(sorted({"wt", "KO", "het"}) == Texts{"KO", "het", "wt"});
  CHECK(sorted({"nan", "10", "9", "nan2"}) == Texts{"10", "9", "nan", "nan2"});
  CHECK(sorted({"9", "nan", "10"}) == Texts{"10", "9", "nan"});  // NaN has no place among numbers
  CHECK(sorted({}).empty());
}

TEST_CASE("text is a number only as a whole") {
  CHECK(parse_number("19") == 19);
  CHECK(parse_number("-1e-3") == -1e-3);
  for (const char* text : {"", " 1", "1 ", "1d", "0x10", "d16", "1,000"}) CHECK_FALSE(parse_number(text));
}
