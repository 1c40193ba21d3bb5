#include <doctest/doctest.h>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

TEST_CASE("classes and units are sorted, and the positive class is the last unless one is named") {
  auto cohort = make_example(many_units({"sick", "healthy"}, 3));
  CHECK(cohort->classes == std::vector<std::string>{"healthy", "sick"});
  CHECK(cohort->units == std::vector<std::string>{"healthy0", "healthy1", "healthy2", "sick0", "sick1", "sick2"});
  CHECK(cohort->roles.positive == "sick");
  CHECK(cohort->positive_class() == 1);
  CHECK(cohort->label.front() == 1);
  ExampleOptions options;
  options.roles.positive = "healthy";
  CHECK(make_example(many_units({"sick", "healthy"}, 3), options)->positive_class() == 0);
  options.roles.positive = "helthy";
  CHECK(says(sentence<UsageError>([&] { make_example(many_units({"sick", "healthy"}, 3), options); }), "did you mean 'healthy'?"));
}

TEST_CASE("classes that are numbers are sorted as numbers") {
  CHECK(make_example(many_units({"10", "9", "2"}, 1))->classes == std::vector<std::string>{"2", "9", "10"});
  ExampleOptions options;
  options.roles.label = "day";
  CHECK(make_example(lmna_units(), options)->classes == std::vector<std::string>{"0", "2", "4", "9", "16", "19", "30"});
}

TEST_CASE("without a donor column the unit stands for the person") {
  ExampleOptions options;
  options.roles.donor = "";
  const auto cohort = make_example(lmna_units(), options);
  CHECK(cohort->roles.donor == "library");
  CHECK(cohort->donors == cohort->units);
}

TEST_CASE("a unit that several people share names those of each class") {
  auto units = lmna_units();
  units[0].name = "GSM8325057";
  const auto cohort = make_example(units);
  const Split split = split_example(cohort, {.scheme = "random-cells"});
  for (const auto& unit : split.summary().units)  // each class its own person, though they share a library
    if (unit.unit == "GSM8325057") CHECK(unit.donors == std::vector<std::string>{unit.label == "Control" ? "sister" : "patient"});
}

TEST_CASE("one class, unknown columns, and cells without a label, unit or donor are refused") {
  CHECK(says(sentence<DataError>([] { make_example(many_units({"a"}, 3)); }), "only the class 'a'"));
  ExampleOptions options;
  options.roles.unit = "libary";
  CHECK(says(sentence<UsageError>([&] { make_example(lmna_units(), options); }), "[data] unit: found no column 'libary'"));
  auto units = lmna_units();
  units[2].label = "";
  CHECK(
      says(sentence<DataError>([&] { make_example(units); }),
           "[data] label = 'genotype': found 10 cells without a value, expected a label for every cell; leave them out with [data] "
           "where = \"genotype != ''\""));
  units = lmna_units();
  units[2].name = "";
  CHECK(says(sentence<DataError>([&] { make_example(units); }), "a unit for every cell"));
  units = lmna_units();
  units[2].donor = "";
  CHECK(says(sentence<DataError>([&] { make_example(units); }), "a donor for every cell"));
}

TEST_CASE("sums of other units than the cells' are a bug, not a silent mismatch") {
  UnitGeneSums sums{.normalisation = "counts", .units = {"GSM1"}, .sums = {GeneSums(20)}};
  CHECK(says(sentence<InternalError>([&] { make_example(lmna_units(), {}, sums); }), "statistics of units"));
}
