#include <cellverdict/base/error.h>
#include <cellverdict/table/row_filter.h>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cellverdict;

namespace {

// Six cells; the fifth has no type, the sixth no percentage.
Frame cells() {
  Frame frame;
  frame.index = {"a", "b", "c", "d", "e", "f"};
  frame.set("cell_type", make_text_column({"monocyte", "B cell", "monocyte", "T cell", "", "B cell"}));
  frame.set("percent_mito", make_number_column({5, 25, 20, 0.5, 10, std::numeric_limits<double>::quiet_NaN()}));
  frame.set("day", make_text_column({"0", "2", "10", "0", "2", "x"}));
  frame.set("notes", make_text_column({"x", "x", "y", "y", "z", "z"}));
  return frame;
}

// "110000": which rows stay.
std::string rows(const std::string& expression) {
  std::string text;
  for (const bool stays : matching_rows(cells(), expression)) text += stays ? '1' : '0';
  return text;
}

std::string refusal(const std::string& expression) {
  try {
    matching_rows(cells(), expression);
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("text is compared as text and numbers as numbers") {
  CHECK(rows("cell_type == 'monocyte'") == "101000");
  CHECK(rows("cell_type == \"B cell\"") == "010001");
  CHECK(rows("`cell_type` == monocyte") == "101000");
  CHECK(rows("percent_mito == 20.0") == "001000");
  CHECK(rows("day == 0") == "100100");
}

TEST_CASE("order is that of numbers, also for a text column that holds numbers") {
  CHECK(rows("percent_mito < 20") == "100110");
  CHECK(rows("percent_mito <= 20") == "101110");
  CHECK(rows("percent_mito > 20") == "010000");
  CHECK(rows("percent_mito >= 2e1") == "011000");
  CHECK(rows("day > 2") == "001000");
}

TEST_CASE("a missing value matches nothing but unequal") {
  CHECK(rows("percent_mito < 1000") == "111110");
  CHECK(rows("percent_mito != 5") == "011111");
  CHECK(rows("cell_type != 'monocyte'") == "010111");
  CHECK(rows("cell_type not in ['monocyte', 'T cell']") == "010011");
}

TEST_CASE("two quotes with nothing between stand for a missing value") {
  CHECK(rows("cell_type == ''") == "000010");
  CHECK(rows("cell_type != ''") == "111101");
  CHECK(rows("percent_mito != ''") == "111110");
}

TEST_CASE("in takes a list, in either kind of brackets") {
  CHECK(rows("cell_type in ['monocyte', 'T cell']") == "101100");
  CHECK(rows("day in (0, 10)") == "101100");
}

TEST_CASE("and binds tighter than or, not tightest, and parentheses decide") {
  CHECK(rows("cell_type == 'monocyte' or cell_type == 'T cell' and percent_mito > 10") == "101000");
  CHECK(rows("(cell_type == 'monocyte' or cell_type == 'T cell') and percent_mito > 10") == "001000");
  CHECK(rows("not cell_type == 'monocyte' and day == 0") == "000100");
  CHECK(rows("not (cell_type == 'monocyte' and day == 0)") == "011111");
  CHECK(rows("not not day == 0") == "100100");
}

TEST_CASE("a column whose name begins like a word of the language is a column") {
  CHECK(rows("notes == 'x'") == "110000");
}

TEST_CASE("what does not exist is refused with the nearest name") {
  contains(refusal("cel_type == 'monocyte'"), "no column 'cel_type' in the data; did you mean 'cell_type'?");
  contains(refusal("cell_type == 'monocytes'"), "'monocytes', which is no value of 'cell_type'; did you mean 'monocyte'?");
  contains(refusal("percent_mito == 'high'"), "'high' for the number column 'percent_mito', expected a number");
}

TEST_CASE("what does not parse is refused where it stops making sense") {
  contains(refusal(""), "found the end, expected a column name");
  contains(refusal("cell_type = 'monocyte'"), "'= 'monocyte'' after cell_type");
  contains(refusal("cell_type == 'monocyte"), "an unfinished quotation");
  contains(refusal("cell_type == 'monocyte' day == 0"), "expected the end, `and` or `or`");
  contains(refusal("(day == 0"), "no closing parenthesis");
  contains(refusal("day in 0"), "no list after `in`");
  contains(refusal("day in [0"), "an unfinished list");
  contains(refusal("day < early"), "'early' after <, expected a number");
  contains(refusal(std::string(100, '(') + "day == 0"), "more than 50 nested parentheses");
  std::string nots;
  for (int i = 0; i < 1000000; ++i) nots += "not ";
  CHECK_FALSE(refusal(nots + "day == 0").empty());
}

TEST_CASE("a value that only another part of the cohort has matches nothing and is reported") {
  std::vector<UnknownValue> unknown;
  const auto matching = matching_rows(cells(), "cell_type == 'NK cell' or day == 0", unknown);
  CHECK(std::vector<bool>{true, false, false, true, false, false} == matching);
  CHECK(unknown == std::vector<UnknownValue>{{"cell_type", "NK cell"}});
  const auto different = matching_rows(cells(), "cell_type != 'NK cell'", unknown);
  CHECK(std::vector<bool>(6, true) == different);
}
