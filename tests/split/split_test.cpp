#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::vector<std::string> units_on(const Split& split, Side side) {
  std::set<std::string> names;
  for (const auto& unit : split.summary().units)
    if (unit.side == side) names.insert(unit.unit);
  return {names.begin(), names.end()};
}

std::vector<std::string> cells_of(const CellView& view) {
  std::vector<std::string> cells;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) cells.emplace_back(view.cell(i));
  return cells;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the paper's lists put exactly its libraries on each side") {
  const Split split = split_example(make_example(lmna_units()), lmna_lists());
  CHECK(units_on(split, Side::test) == Texts{"GSM8325052", "GSM8325056"});
  CHECK(units_on(split, Side::validation) == Texts{"GSM8325049", "GSM8325054"});
  CHECK(units_on(split, Side::train) ==
        Texts{"GSM8325046", "GSM8325047", "GSM8325048", "GSM8325050", "GSM8325051", "GSM8325053", "GSM8325055", "GSM8325057"});
  CHECK(units_on(split, Side::unused).empty());
  CHECK(split.train().n_cells() == 80);
  CHECK(split.test().n_cells() == 20);
  for (std::int64_t i = 0; i < split.test().n_cells(); ++i) {
    const TestView test = split.test();
    CHECK((test.unit(i) == "GSM8325052" || test.unit(i) == "GSM8325056"));
  }
}

TEST_CASE("lists without a list for training train on all that is held out nowhere") {
  SplitOptions options = lmna_lists();
  options.train = {};
  CHECK(units_on(split_example(make_example(lmna_units()), options), Side::train) ==
        units_on(split_example(make_example(lmna_units()), lmna_lists()), Side::train));
  options.train = {"GSM8325046", "GSM8325057"};
  const Split split = split_example(make_example(lmna_units()), options);
  CHECK(units_on(split, Side::unused).size() == 6);
  CHECK(says(split.summary().notes, "6 of 12 values of 'library' are on no side"));
}

TEST_CASE("a matched split holds out the day of both genotypes, as in the paper") {
  const auto cohort = make_example(lmna_units());
  const Split split = split_example(cohort, {.scheme = "matched", .by = "day", .validation = {"0"}, .test = {"19"}});
  CHECK(units_on(split, Side::test) == Texts{"GSM8325052", "GSM8325057"});
  CHECK(units_on(split, Side::validation) == Texts{"GSM8325046", "GSM8325054"});
  CHECK(units_on(split, Side::train).size() == 8);
  const Column day = split.train().column("day", "here");
  CHECK(std::none_of(day.numbers.begin(), day.numbers.end(), [](double d) { return d == 0 || d == 19; }));
  CHECK(day.size() == 80);
}

TEST_CASE("a matched split without validation has no validation view and says what that settles") {
  const Split split = split_example(make_example(lmna_units()), {.scheme = "matched", .by = "day", .test = {"19"}});
  CHECK_FALSE(split.validation().has_value());
  CHECK_FALSE(split.summary().has_validation);
  CHECK(split.train().n_cells() == 100);
  CHECK(says(split.summary().notes, "no validation side: the number of epochs is fixed, the threshold is 0.5"));
}

TEST_CASE("a day that only one genotype has is refused by name, with the days that would do") {
  const auto cohort = make_example(lmna_units());
  const std::map<std::string, std::string> unit_of_day = {{"2", "GSM8325047"}, {"4", "GSM8325048"}, {"30", "GSM8325053"}};
  for (const auto& [day, unit] : unit_of_day) {
    const auto as_test = sentence<DataError>([&] { split_example(cohort, {.scheme = "matched", .by = "day", .test = {day}}); });
    CHECK(says(as_test, "[split] test = " + day + " of scheme 'matched'"));
    CHECK(says(as_test, "day " + day + " with Control " + unit + " alone"));
    CHECK(says(as_test, "day with all classes: 0, 9, 16, 19"));
    CHECK(says(sentence<DataError>(
                   [&] { split_example(cohort, {.scheme = "matched", .by = "day", .validation = {day}, .test = {"19"}}); }),
               "[split] validation = " + day));
  }
}

TEST_CASE("a split by groups never puts a donor on two sides, and takes its fraction of each class") {
  const auto cohort = make_example(many_units({"a", "b", "c"}, 10));
  const Split split = split_example(cohort, {.scheme = "group"});
  std::map<std::string, std::set<Side>> sides;
  std::map<std::pair<Side, std::string>, int> n;
  for (const auto& unit : split.summary().units) {
    sides[donors_in_words(unit)].insert(unit.side);
    ++n[{unit.side, unit.label}];
  }
  CHECK(sides.size() == 30);
  for (const auto& [donor, on] : sides) CHECK(on.size() == 1);
  for (const std::string label : {"a", "b", "c"}) {
    CHECK(n[{Side::test, label}] == 2);
    CHECK(n[{Side::validation, label}] == 2);
    CHECK(n[{Side::train, label}] == 6);
  }
  CHECK(split.summary().by == "donor");
  CHECK_FALSE(split.summary().optimistic);
}

TEST_CASE("groups: what a list names is fixed, and the sides without a list are drawn from the rest") {
  const auto cohort = make_example(many_units({"a", "b"}, 6));
  const Split split = split_example(cohort, {.scheme = "group", .test = {"donor-a0", "donor-b5"}});
  CHECK(units_on(split, Side::test) == Texts{"a0", "b5"});
  CHECK(units_on(split, Side::validation).size() == 2);
  CHECK(units_on(split, Side::train).size() == 8);
  const Split drawn_test = split_example(cohort, {.scheme = "group", .validation = {"donor-a0", "donor-b5"}});
  CHECK(units_on(drawn_test, Side::validation) == Texts{"a0", "b5"});
  CHECK(units_on(drawn_test, Side::test).size() == 2);
  const Split all_listed = split_example(cohort, {.scheme = "group", .test = {"donor-a0", "donor-b5"}, .validation_fraction = 0});
  CHECK_FALSE(all_listed.validation().has_value());
  CHECK(units_on(all_listed, Side::train).size() == 10);
}

TEST_CASE("where every donor has both classes, donors are drawn whatever class has more cells") {
  std::vector<ExampleUnit> paired;
  for (int d = 0; d < 10; ++d) {
    const std::string donor = "d" + std::to_string(d);
    paired.push_back({donor + "-ctrl", donor, "ctrl", 0, 3});
    paired.push_back({donor + "-stim", donor, "stim", 0, 9});
  }
  const auto donors_on = [](const Split& split, Side side) {
    std::set<std::string> donors;
    for (const auto& unit : split.summary().units)
      if (unit.side == side) donors.insert(unit.unit.substr(0, unit.unit.find('-')));
    return donors;
  };
  const Split split = split_example(make_example(paired), {.scheme = "group"});
  CHECK(donors_on(split, Side::test).size() == 2);
  CHECK(donors_on(split, Side::validation).size() == 2);
  CHECK(donors_on(split, Side::train).size() == 6);
  CHECK(units_on(split, Side::test).size() == 4);

  auto one_apart = paired;  // d10 has no stimulated cells: too few for a stratum, so it is drawn with the others
  one_apart.push_back({"d10-ctrl", "d10", "ctrl", 0, 3});
  CHECK(split_example(make_example(one_apart), {.scheme = "group"}).summary().units.size() == 21);

  auto two_kinds = many_units({"a", "b"}, 5);  // one donor of both classes among ten of one class: drawn with those of its class
  two_kinds.push_back({"a9", "both", "a", 0, 9});
  two_kinds.push_back({"b9", "both", "b", 0, 3});
  CHECK(split_example(make_example(two_kinds), {.scheme = "group"}).summary().units.size() == 12);

  const std::vector<ExampleUnit> two(paired.begin(), paired.begin() + 4);
  CHECK(says(sentence<DataError>([&] { split_example(make_example(two), {.scheme = "group"}); }),
             "2 groups with several classes to draw from"));
}

TEST_CASE("random units keep each unit whole") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 5)), {.scheme = "random-units"});
  CHECK(split.summary().units.size() == 10);
  for (const auto& unit : split.summary().units) CHECK(unit.n_cells == 10);
  CHECK(units_on(split, Side::test).size() == 2);
}

TEST_CASE("random cells are marked optimistic, noted, and bannered in the table") {
  const Split split = split_example(make_example(lmna_units()), {.scheme = "random-cells"});
  CHECK(split.summary().optimistic);
  CHECK(split.test().n_cells() == 24);
  CHECK(split.validation()->n_cells() == 24);
  CHECK(split.train().n_cells() == 72);
  CHECK(split_table(split.summary()).starts_with("** cells of one donor on both sides: optimistic **\n"));
  CHECK(says(split.summary().notes,
             "Every donor of the test side is also in training (patient, sister): the result is about other cells"));
  const Split whole = split_example(make_example(lmna_units()), lmna_lists());
  CHECK(split_table(whole.summary()).find("**") == std::string::npos);
}

TEST_CASE("lists given to a scheme that draws are said to be unused") {
  const Split split =
      split_example(make_example(many_units({"a", "b"}, 5)), {.scheme = "random-units", .by = "day", .test = {"a0"}});
  CHECK(says(split.summary().notes, "[split] test is not used by scheme 'random-units'"));
  CHECK(says(split.summary().notes, "[split] by is not used by scheme 'random-units'"));
}

TEST_CASE("the sides cover every cell once") {
  for (const std::string scheme : {"group", "random-units", "random-cells"}) {
    const auto cohort = make_example(many_units({"a", "b"}, 7));
    const Split split = split_example(cohort, {.scheme = scheme});
    auto all = cells_of(split.train());
    for (const auto& cells : {cells_of(*split.validation()), cells_of(split.test())})
      all.insert(all.end(), cells.begin(), cells.end());
    CHECK(all.size() == 140);
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == 140);
  }
}

TEST_CASE("the same seed gives the same split and another seed another one") {
  for (const std::string scheme : {"group", "random-units", "random-cells"}) {
    const auto cohort = make_example(many_units({"a", "b"}, 12));
    const auto once = cells_of(split_example(cohort, {.scheme = scheme}, 1).test());
    CHECK(once == cells_of(split_example(cohort, {.scheme = scheme}, 1).test()));
    CHECK(once != cells_of(split_example(cohort, {.scheme = scheme}, 2).test()));
  }
}

TEST_CASE("a misspelt value or column is refused with the nearest name") {
  const auto cohort = make_example(lmna_units());
  SplitOptions options = lmna_lists();
  options.test[0] = "GSM832505";
  CHECK(says(sentence<UsageError>([&] { split_example(cohort, options); }),
             "[split] test: found 'GSM832505', which is no value of 'library'; did you mean 'GSM832505"));
  options = lmna_lists();
  options.by = "libary";
  CHECK(says(sentence<UsageError>([&] { split_example(cohort, options); }), "did you mean 'library'?"));
  CHECK(says(sentence<UsageError>([&] { split_example(cohort, {.scheme = "matched", .by = "day"}); }),
             "the values of 'day' to hold out under scheme 'matched'; known: 0, 2, 4, 9, 16, 19, 30"));
}

TEST_CASE("a value on two sides, or twice on one, is refused") {
  const auto cohort = make_example(lmna_units());
  SplitOptions options = lmna_lists();
  options.validation.push_back("GSM8325052");
  CHECK(says(sentence<UsageError>([&] { split_example(cohort, options); }), "'GSM8325052', which is listed under validation too"));
  options = lmna_lists();
  options.test.push_back("GSM8325052");
  CHECK(says(sentence<UsageError>([&] { split_example(cohort, options); }), "'GSM8325052', which is listed under test twice"));
}

TEST_CASE("a unit whose cells would land on two sides is refused") {
  auto units = lmna_units();
  units[3].name = "GSM8325048";  // one library on the days 4 and 9
  CHECK(says(sentence<DataError>([&] { split_example(make_example(units), {.scheme = "matched", .by = "day", .test = {"19"}}); }),
             "unit 'GSM8325048' with cells in '4' and '9'"));
  // A pooled library holds two people: drawing people would tear it.
  auto pooled = many_units({"a", "b"}, 5);
  pooled[1].name = pooled[0].name;
  CHECK(says(sentence<DataError>([&] { split_example(make_example(pooled), {.scheme = "group"}); }), "unit 'a0' with cells in"));
}

TEST_CASE("a side without cells or with one class is refused and named") {
  const auto cohort = make_example(lmna_units());
  SplitOptions options = lmna_lists();
  options.test = {"GSM8325052"};
  CHECK(says(sentence<DataError>([&] { split_example(cohort, options); }),
             "test side: found only the class 'Control', expected at least two classes; move a unit of 'Patient'"));
  options = lmna_lists();
  options.train = {"GSM8325046"};
  CHECK(says(sentence<DataError>([&] { split_example(cohort, options); }), "train side: found only the class 'Control'"));
  options = lmna_lists();
  options.validation = {"GSM8325054"};
  CHECK(says(sentence<DataError>([&] { split_example(cohort, options); }), "validation side: found only the class 'Patient'"));
  const auto two = make_example(many_units({"a", "b"}, 1));
  CHECK(says(sentence<DataError>([&] { split_example(two, {.scheme = "lists", .test = {"a0", "b0"}}); }),
             "train side: found no cell"));
  const auto three = make_example(many_units({"a", "b", "c"}, 2));
  CHECK(says(sentence<DataError>([&] { split_example(three, {.scheme = "lists", .test = {"a0", "c0", "c1"}}); }),
             "train side: found no cell of c"));
  const Split lacking = split_example(three, {.scheme = "lists", .test = {"a0", "b0"}});
  CHECK(says(lacking.summary().notes, "The test side has no cell of c."));
}

TEST_CASE("a class with too few groups for every side is refused, and the fractions are named when they leave nothing") {
  CHECK(says(sentence<DataError>([&] { split_example(make_example(many_units({"a", "b"}, 2)), {.scheme = "group"}); }),
             "class 'a' in 2 groups to draw from, expected at least 3 to have one on every side; set validation_fraction = 0"));
  const Split two = split_example(make_example(many_units({"a", "b"}, 2)), {.scheme = "group", .validation_fraction = 0});
  CHECK(units_on(two, Side::train).size() == 2);
  CHECK(says(sentence<DataError>([&] {
               split_example(make_example(many_units({"a", "b"}, 4)),
                             {.scheme = "random-units", .validation_fraction = 0.5, .test_fraction = 0.5});
             }),
             "of which 2 for test and 2 for validation, expected some left for training"));
}

TEST_CASE("people on both sides are named, also when they share a unit with others") {
  const Split lmna = split_example(make_example(lmna_units()), lmna_lists());
  CHECK(says(lmna.summary().notes,
             "Every donor of the test side is also in training (patient, sister): the result is about other units (library) of "
             "known people"));
  auto units = many_units({"a", "b"}, 4);
  CHECK_FALSE(split_example(make_example(units), {.scheme = "random-units"}).summary().notes.size() > 0);
  units.push_back({"a0", "donor-b3", "a", 0, 5});  // library a0 is shared by two people
  const Split split = split_example(make_example(units), {.scheme = "lists", .test = {"a1", "b3"}});
  CHECK(says(split.summary().notes, "1 donor of the test side is also in training (donor-b3)"));
}

TEST_CASE("cells without a value of the split's column are on no side, and counted") {
  auto units = lmna_units();
  units[1].day = std::numeric_limits<double>::quiet_NaN();
  const Split split = split_example(make_example(units), {.scheme = "matched", .by = "day", .test = {"19"}});
  CHECK(units_on(split, Side::unused) == Texts{"GSM8325047"});
  CHECK(says(split.summary().notes, "10 cells without a value of 'day' on no side."));
}

TEST_CASE("the summary says of every unit its person, class, day, side and cells") {
  const Split split =
      split_example(make_example(lmna_units()), {.scheme = "matched", .by = "day", .validation = {"0"}, .test = {"19"}});
  const SplitSummary& summary = split.summary();
  CHECK(summary.scheme == "matched");
  CHECK(summary.by == "day");
  CHECK(summary.classes == Texts{"Control", "Patient"});
  REQUIRE(summary.units.size() == 12);
  const SplitUnit& last = summary.units.back();
  CHECK(last.side == Side::test);
  CHECK(last.unit == "GSM8325057");
  CHECK(last.donors == std::vector<std::string>{"patient"});
  CHECK(last.label == "Patient");
  CHECK(last.stratum == "19");
  CHECK(last.n_cells == 10);
  CHECK(std::is_sorted(summary.units.begin(), summary.units.end(), [](const auto& a, const auto& b) {
    return std::tie(a.side, a.label, a.unit) < std::tie(b.side, b.label, b.unit);
  }));
  const std::string table = split_table(summary);
  CHECK(says(table, "test        Patient      1         10  GSM8325057 (day 19)"));
  CHECK(says(table, "train       Control      6         60  GSM8325047 (day 2), "));
}

TEST_CASE("a view gives its own cells' counts, labels and people") {
  const auto cohort = make_example(lmna_units());
  const Split split = split_example(cohort, lmna_lists());
  const TestView test = split.test();
  CHECK(test.cell(0) == "cell60");
  CHECK(test.unit(0) == "GSM8325052");
  CHECK(test.donor(0) == "sister");
  CHECK(test.classes()[test.label(0)] == "Control");
  CHECK(test.label(10) == 1);
  CHECK(test.total(3) == cohort->table->total(63));
  CsrBlock mine, all;
  test.append_counts(3, mine);
  cohort->table->append_row(63, all);
  CHECK(mine.indices == all.indices);
  CHECK(mine.values == all.values);
  CHECK(test.column("day", "here").numbers ==
        std::vector<double>{19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16});
  CHECK(says(sentence<UsageError>([&] { static_cast<void>(test.column("dya", "[evaluate] covariates")); }), "did you mean 'day'?"));
}
