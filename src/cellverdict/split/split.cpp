// Turns a scheme into a side for every cell, then checks that the result can teach and be tested.

#include <cellverdict/base/nearest.h>
#include <cellverdict/split/assign.h>
#include <cellverdict/split/groups.h>
#include <cellverdict/split/split.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace cellverdict {

namespace {

// Names of the classes present among the cells of a side.
std::vector<bool> classes_on(const Cohort& cohort, const std::vector<Side>& sides, Side side) {
  std::vector<bool> present(cohort.classes.size());
  for (std::size_t i = 0; i < sides.size(); ++i)
    if (sides[i] == side) present[cohort.label[i]] = true;
  return present;
}

void check_side(const Cohort& cohort, const std::vector<Side>& sides, Side side, SplitSummary& summary) {
  const auto present = classes_on(cohort, sides, side);
  const auto n_present = std::count(present.begin(), present.end(), true);
  const std::string fold = summary.fold == 0 ? "" : ", fold " + std::to_string(summary.fold);
  const std::string where = (summary.fold == 0 ? "[split]" : "[cv]") + std::string(" scheme = '") + summary.scheme + "'" + fold +
                            ", " + std::string(side_name(side)) + " side";
  std::vector<std::string> missing;
  std::string only;
  for (std::size_t c = 0; c < present.size(); ++c) {
    if (present[c]) {
      only = cohort.classes[c];
    } else {
      missing.push_back(cohort.classes[c]);
    }
  }
  if (n_present == 0)
    throw DataError({.where = where,
                     .found = "no cell",
                     .expected = "cells of every class",
                     .advice = "name other values or change the fractions"});
  // A fold may well test one class; the classes of all folds together are what is evaluated.
  if (n_present == 1 && summary.fold > 0 && side == Side::test) return;
  if (n_present == 1)
    throw DataError({.where = where,
                     .found = "only the class '" + only + "'",
                     .expected = "at least two classes",
                     .advice = "move a unit of '" + missing[0] + "' to this side"});
  if (missing.empty()) return;
  if (side == Side::train) {
    const auto lonely =
        std::ranges::find_if(summary.notes, [](const std::string& note) { return note.starts_with(kCannotBeTested); });
    throw DataError({.where = where,
                     .found = "no cell of " + listed(missing) +
                              (lonely == summary.notes.end() ? "" : ", which c" + lonely->substr(1, lonely->size() - 2)),
                     .expected = "every class that is to be predicted",
                     .advice = "move a unit of that class to training or drop the class in [data.classes]"});
  }
  summary.notes.push_back("The " + std::string(side_name(side)) + " side has no cell of " + listed(missing) + ".");
}

void summarise(const Cohort& cohort, const std::vector<Side>& sides, const Column* by, SplitSummary& summary) {
  std::map<std::tuple<Side, std::int32_t, std::int32_t>, SplitUnit> found;  // side, class, unit
  std::map<std::tuple<Side, std::int32_t, std::int32_t>, std::set<std::int32_t>> donors;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const std::tuple key(sides[i], cohort.label[i], cohort.unit[i]);
    SplitUnit& entry = found[key];
    donors[key].insert(cohort.donor[i]);
    if (entry.n_cells == 0) {
      entry.unit = cohort.units[cohort.unit[i]];
      entry.label = cohort.classes[cohort.label[i]];
      entry.stratum = by ? by->text(static_cast<std::int64_t>(i)) : "";
      entry.side = sides[i];
    }
    entry.n_cells += cohort.n_cells_of(i);
  }
  for (auto& [key, entry] : found) {
    for (const std::int32_t donor : donors.at(key)) entry.donors.push_back(cohort.donors[donor]);
    summary.units.push_back(std::move(entry));
  }
}

// The person is the unit of evidence: say when the same people teach and are tested.
void note_shared_donors(const Cohort& cohort, const std::vector<Side>& sides, SplitSummary& summary) {
  // By cell: several donors may share a unit.
  std::vector<bool> taught(cohort.donors.size()), tested(cohort.donors.size());
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] == Side::train) taught[cohort.donor[i]] = true;
    if (sides[i] == Side::test) tested[cohort.donor[i]] = true;
  }
  std::vector<std::string> shared;
  for (std::size_t d = 0; d < cohort.donors.size(); ++d)
    if (taught[d] && tested[d]) shared.push_back(cohort.donors[d]);
  if (shared.empty()) return;
  const auto n_tested = std::count(tested.begin(), tested.end(), true);
  const auto n_shared = static_cast<std::int64_t>(shared.size());
  summary.notes.push_back(
      (n_shared == n_tested ? "Every donor of the test side is"
                            : counted(n_shared, "donor") + " of the test side " + (n_shared == 1 ? "is" : "are")) +
      " also in training (" + listed(shared) + "): the result is about other " +
      (summary.optimistic ? "cells" : "units (" + cohort.roles.unit + ")") + " of known people, not about new people.");
}

void note_unused_lists(const SplitOptions& options, SplitSummary& summary) {
  if (options.scheme != "random-units" && options.scheme != "random-cells") return;
  if (!options.by.empty()) summary.notes.push_back("[split] by is not used by scheme '" + options.scheme + "'.");
  for (const auto& [name, values] :
       {std::pair("train", &options.train), std::pair("validation", &options.validation), std::pair("test", &options.test)})
    if (!values->empty())
      summary.notes.push_back("[split] " + std::string(name) + " is not used by scheme '" + options.scheme +
                              "', which draws its sides.");
}

}  // namespace

const OptionTable<SplitOptions>& split_options() {
  static const auto table =
      OptionTable<SplitOptions>("split")
          .add("scheme", &SplitOptions::scheme, "how cells are divided; nothing but random-cells ever tears a unit",
               one_of({"group", "matched", "lists", "random-units", "random-cells"}))
          .add("by", &SplitOptions::by, "obs column whose values are listed or drawn (default: donor; for lists: unit)")
          .add("train", &SplitOptions::train, "values for training; empty: all that are on no other side")
          .add("validation", &SplitOptions::validation, "values for validation; empty: a random part (lists and matched: none)")
          .add("test", &SplitOptions::test, "values for test; empty: a random part (lists and matched need it)")
          .add("validation_fraction", &SplitOptions::validation_fraction,
               "random part for validation within each class; 0: no validation", between(0, 0.9))
          .add("test_fraction", &SplitOptions::test_fraction, "random part for test within each class", between(0.01, 0.9))
          .add("where", &SplitOptions::where,
               "of each side only these cells teach and are asked, as [data] where; the sides are dealt before, alike for all");
  return table;
}

Split Split::make(const RunContext& context, std::shared_ptr<const Cohort> cohort, const SplitOptions& options) {
  SplitSummary summary{.scheme = options.scheme, .optimistic = options.scheme == "random-cells"};
  std::vector<Side> sides;
  const bool drawn = options.scheme == "random-cells" || options.scheme == "random-units";
  std::string by = drawn ? "" : options.by;  // these two know no column
  if (by.empty() && (options.scheme == "group" || options.scheme == "matched")) by = cohort->roles.donor;
  if (by.empty() && options.scheme == "lists") by = cohort->roles.unit;
  summary.by = by;
  const Column* column = by.empty() ? nullptr : &cohort->table->obs().column(by, "[split] by");

  if (options.scheme == "random-cells") {
    sides = assign_random_cells(*cohort, options, context.seed);
  } else if (options.scheme == "random-units") {
    sides = assign_random_units(*cohort, options, context.seed);
  } else {
    sides = assign_groups(*cohort, *column, by, options, context.seed, summary.notes);
  }

  note_unused_lists(options, summary);
  return of_sides(std::move(cohort), std::move(sides), std::move(summary)).only(options.where);
}

Split Split::of_sides(std::shared_ptr<const Cohort> cohort, std::vector<Side> sides, SplitSummary summary) {
  summary.classes = cohort->classes;
  for (const Side side : {Side::train, Side::test}) check_side(*cohort, sides, side, summary);
  summary.has_validation = std::find(sides.begin(), sides.end(), Side::validation) != sides.end();
  if (summary.has_validation) check_side(*cohort, sides, Side::validation, summary);
  const Column* column = summary.by.empty() ? nullptr : &cohort->table->obs().column(summary.by, "[split] by");
  summarise(*cohort, sides, column, summary);
  note_shared_donors(*cohort, sides, summary);
  if (!summary.has_validation)
    summary.notes.emplace_back(
        "There is no validation side: the number of epochs is fixed, the threshold is 0.5 and the temperature 1.");
  Split split;
  split.summary_ = std::move(summary);
  split.side_ = std::move(sides);
  split.cohort_ = std::move(cohort);
  return split;
}

std::optional<ValidationView> Split::validation() const {
  if (!summary_.has_validation) return std::nullopt;
  return ValidationView(cohort_, rows(Side::validation));
}

std::vector<std::string> Split::values(const std::string& column, const std::string& where) const {
  auto values = distinct_values(cohort_->table->obs().column(column, where));
  if (std::ssize(values) > kMostNamedValues)
    throw DataError({.where = where,
                     .found = "'" + column + "' with " + with_commas(std::ssize(values)) + " values",
                     .expected = "at most " + with_commas(kMostNamedValues),
                     .advice = "name a column of classes or units, not a number measured per cell"});
  return values;
}

std::vector<std::int64_t> Split::rows(Side side) const {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < side_.size(); ++i)
    if (side_[i] == side) rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

}  // namespace cellverdict
