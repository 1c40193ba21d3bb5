#include <cellverdict/split/folds.h>

#include <doctest/doctest.h>

#include <map>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::vector<Split> folds_of(const std::shared_ptr<const Cohort>& cohort, const CvOptions& cv, double validation = 0,
                            std::uint64_t seed = 42) {
  RunContext context;
  context.seed = seed;
  return make_folds(context, cohort, {.validation_fraction = validation}, cv);
}

std::set<std::string> units_on(const Split& split, Side side) {
  std::set<std::string> names;
  for (const auto& unit : split.summary().units)
    if (unit.side == side) names.insert(unit.unit);
  return names;
}

std::map<std::string, int> times_tested(const std::vector<Split>& folds) {
  std::map<std::string, int> times;
  for (const auto& fold : folds)
    for (const auto& unit : units_on(fold, Side::test)) ++times[unit];
  return times;
}

std::set<std::string> classes_tested(const Split& split) {
  std::set<std::string> classes;
  for (const auto& unit : split.summary().units)
    if (unit.side == Side::test) classes.insert(unit.label);
  return classes;
}

}  // namespace

TEST_CASE("every unit is test in exactly one fold and never also in training") {
  const auto cohort = make_example(many_units({"a", "b", "c"}, 7));
  for (const char* scheme : {"group", "stratified-group", "leave-one-out"}) {
    CAPTURE(scheme);
    const auto folds = folds_of(cohort, {.scheme = scheme, .folds = 4}, 0.2);
    CHECK(folds.size() == (std::string(scheme) == "leave-one-out" ? 21 : 4));
    const auto times = times_tested(folds);
    CHECK(times.size() == 21);
    for (const auto& [unit, n] : times) CHECK(n == 1);
    for (const auto& fold : folds)
      for (const auto& unit : units_on(fold, Side::test)) {
        CHECK_FALSE(units_on(fold, Side::train).contains(unit));
        CHECK_FALSE(units_on(fold, Side::validation).contains(unit));
      }
  }
}

TEST_CASE("stratified folds have every class in every test side, in shares that differ by one unit at most") {
  const auto folds = folds_of(make_example(many_units({"a", "b"}, 10)), {.scheme = "stratified-group", .folds = 5});
  for (const auto& fold : folds) {
    CHECK(classes_tested(fold) == std::set<std::string>{"a", "b"});
    CHECK(units_on(fold, Side::test).size() == 4);
  }
}

TEST_CASE("matched folds hold out each day with both genotypes once, the next one validates, the other days always teach") {
  const auto folds = folds_of(make_example(lmna_units()), {.scheme = "matched", .by = "day"}, 0.2);
  REQUIRE(folds.size() == 4);
  std::vector<std::string> held_out;
  for (const auto& fold : folds) {
    held_out.push_back(fold.summary().held_out);
    CHECK(classes_tested(fold) == std::set<std::string>{"Control", "Patient"});
    for (const char* unit : {"GSM8325047", "GSM8325048", "GSM8325053"}) CHECK(units_on(fold, Side::train).contains(unit));
  }
  CHECK(held_out == std::vector<std::string>{"0", "9", "16", "19"});
  CHECK(units_on(folds[0], Side::test) == std::set<std::string>{"GSM8325046", "GSM8325054"});
  CHECK(units_on(folds[0], Side::validation) == std::set<std::string>{"GSM8325049", "GSM8325050", "GSM8325055"});
  CHECK(units_on(folds[3], Side::validation) == units_on(folds[0], Side::test));
}

TEST_CASE("cells dealt without regard to donors are marked optimistic, and each is tested once") {
  const auto cohort = make_example(many_units({"a", "b"}, 2, 25));
  const auto folds = folds_of(cohort, {.scheme = "k-fold", .folds = 5}, 0.1);
  std::set<std::string> tested;
  for (const auto& fold : folds) {
    CHECK(fold.summary().optimistic);
    CHECK(fold.test().n_cells() == 20);
    for (std::int64_t i = 0; i < fold.test().n_cells(); ++i) CHECK(tested.insert(std::string(fold.test().cell(i))).second);
  }
  CHECK(tested.size() == 100);
}

TEST_CASE("the joined test view has the cells of every fold, fold after fold") {
  const auto folds = folds_of(make_example(many_units({"a", "b"}, 4)), {.scheme = "stratified-group", .folds = 4});
  const FoldedTest test = join_tests(folds);
  CHECK(test.cells.n_cells() == 80);
  CHECK(test.ends == std::vector<std::int64_t>{20, 40, 60, 80});
  for (std::int64_t i = 0; i < 20; ++i) CHECK(test.cells.cell(20 + i) == folds[1].test().cell(i));
}

TEST_CASE("the same seed gives the same folds, another seed others") {
  const auto cohort = make_example(many_units({"a", "b"}, 12));
  const CvOptions cv{.scheme = "stratified-group", .folds = 4};
  CHECK(units_on(folds_of(cohort, cv)[0], Side::test) == units_on(folds_of(cohort, cv)[0], Side::test));
  CHECK(units_on(folds_of(cohort, cv)[0], Side::test) != units_on(folds_of(cohort, cv, 0, 7)[0], Side::test));
}

TEST_CASE("a class that a single study has cannot be tested by study, and that is said") {
  std::vector<ExampleUnit> units = many_units({"a", "b"}, 6);
  for (auto& unit : units) unit.day = static_cast<double>(unit.name.back() - '0') / 2 >= 1.5 ? 2 : 1;
  units[0].label = units[1].label = "lupus";  // both of day 1
  const auto cohort = make_example(units);
  const std::string refused =
      sentence<DataError>([&] { make_folds({}, cohort, {.validation_fraction = 0}, {.scheme = "leave-one-out", .by = "day"}); });
  CHECK(says(refused, "'lupus' in day 1 alone"));
  CHECK(says(refused, "cannot be tested by day"));
  CHECK(sentence<DataError>([&] { make_folds({}, cohort, {.validation_fraction = 0}, {.scheme = "leave-one-out"}); }).empty());
  const Split lists = split_example(cohort, {.scheme = "lists", .by = "day", .test = {"2"}, .validation_fraction = 0});
  CHECK(says(lists.summary().notes, "Cannot be tested by day: 'lupus' in day 1 alone."));
}

TEST_CASE("what cannot be folded is refused in one sentence") {
  const auto cohort = make_example(many_units({"a", "b"}, 3));
  CHECK(says(sentence<DataError>([&] { folds_of(cohort, {.scheme = "group", .folds = 7}); }), "lower folds"));
  CHECK(says(sentence<DataError>([&] { folds_of(cohort, {.scheme = "matched", .by = "donor"}); }), "units of every class"));
  // Two donors, one a class: whoever is held out takes the class along.
  CHECK(says(sentence<DataError>([&] { folds_of(make_example(lmna_units()), {.scheme = "leave-one-out"}); }), "fold 1"));
  RunContext context;
  CHECK_THROWS_AS(make_folds(context, cohort, {.test = {"a0"}}, {.scheme = "group"}), UsageError);
}
