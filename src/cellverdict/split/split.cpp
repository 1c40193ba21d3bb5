// Turns a scheme into a side for every cell, then checks that the result can teach and be tested.

#include <cellverdict/base/nearest.h>
#include <cellverdict/base/random.h>
#include <cellverdict/split/assign.h>
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
  const std::string where = "[split] scheme = '" + summary.scheme + "', " + std::string(side_name(side)) + " side";
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
  if (n_present == 1)
    throw DataError({.where = where,
                     .found = "only the class '" + only + "'",
                     .expected = "at least two classes",
                     .advice = "move a unit of '" + missing[0] + "' to this side"});
  if (missing.empty()) return;
  if (side == Side::train)
    throw DataError({.where = where,
                     .found = "no cell of " + listed(missing),
                     .expected = "every class that is to be predicted",
                     .advice = "move a unit of that class to training or drop the class in [data.classes]"});
  summary.notes.push_back("The " + std::string(side_name(side)) + " side has no cell of " + listed(missing) + ".");
}

void summarise(const Cohort& cohort, const std::vector<Side>& sides, const Column* by, SplitSummary& summary) {
  std::map<std::tuple<Side, std::int32_t, std::int32_t>, SplitUnit> found;  // side, class, unit
  for (std::size_t i = 0; i < sides.size(); ++i) {
    SplitUnit& entry = found[{sides[i], cohort.label[i], cohort.unit[i]}];
    if (entry.n_cells++ == 0) {
      entry.unit = cohort.units[cohort.unit[i]];
      entry.donor = cohort.donor_of_unit[cohort.unit[i]];
      entry.label = cohort.classes[cohort.label[i]];
      entry.stratum = by ? by->text(static_cast<std::int64_t>(i)) : "";
      entry.side = sides[i];
    }
  }
  for (auto& [key, entry] : found) summary.units.push_back(std::move(entry));
}

// The person is the unit of evidence: say when the same people teach and are tested.
void note_shared_donors(const Cohort& cohort, const std::vector<Side>& sides, SplitSummary& summary) {
  std::set<std::string> taught, shared;
  for (std::size_t i = 0; i < sides.size(); ++i)
    if (sides[i] == Side::train) taught.insert(cohort.donor_of_unit[cohort.unit[i]]);
  std::set<std::string> tested;
  for (std::size_t i = 0; i < sides.size(); ++i)
    if (sides[i] == Side::test) tested.insert(cohort.donor_of_unit[cohort.unit[i]]);
  std::set_intersection(taught.begin(), taught.end(), tested.begin(), tested.end(), std::inserter(shared, shared.end()));
  if (shared.empty()) return;
  const std::vector<std::string> names(shared.begin(), shared.end());
  summary.notes.push_back(
      (shared.size() == tested.size() ? "Every donor of the test side is"
                                      : counted(static_cast<std::int64_t>(shared.size()), "donor") + " of the test side are") +
      " also in training (" + listed(names) + "): the result is about " +
      (summary.optimistic ? "other cells" : "other " + cohort.roles.unit + " values") + " of known people, not about new people.");
}

}  // namespace

const OptionTable<SplitOptions>& split_options() {
  static const auto table =
      OptionTable<SplitOptions>("split")
          .add("scheme", &SplitOptions::scheme, "how cells are divided; nothing but random-cells ever tears a unit",
               one_of({"group", "matched", "lists", "random-units", "random-cells"}))
          .add("by", &SplitOptions::by, "obs column whose values are listed or drawn (default: donor; for lists: unit)")
          .add("train", &SplitOptions::train, "lists: values for training; empty: all that are not listed elsewhere")
          .add("validation", &SplitOptions::validation, "values for validation; empty: a random part (lists and matched: none)")
          .add("test", &SplitOptions::test, "values for test; empty: a random part (lists and matched need it)")
          .add("validation_fraction", &SplitOptions::validation_fraction,
               "random part for validation within each class; 0: no validation", between(0, 0.9))
          .add("test_fraction", &SplitOptions::test_fraction, "random part for test within each class", between(0.01, 0.9));
  return table;
}

Split Split::make(const RunContext& context, std::shared_ptr<const Cohort> cohort, const SplitOptions& options) {
  Split split;
  split.summary_.scheme = options.scheme;
  split.summary_.classes = cohort->classes;
  split.summary_.optimistic = options.scheme == "random-cells";
  std::string by = options.by;
  if (by.empty() && (options.scheme == "group" || options.scheme == "matched")) by = cohort->roles.donor;
  if (by.empty() && options.scheme == "lists") by = cohort->roles.unit;
  split.summary_.by = by;
  const Column* column = by.empty() ? nullptr : &cohort->table->obs().column(by, "[split] by");

  if (options.scheme == "random-cells") {
    split.side_ = assign_random_cells(*cohort, options, context.seed);
  } else if (options.scheme == "random-units") {
    split.side_ = assign_random_groups(*cohort, cohort->units, cohort->unit, options, context.seed);
  } else {
    split.side_ = assign_groups(*cohort, *column, by, options, context.seed, split.summary_.notes);
  }

  for (const Side side : {Side::train, Side::test}) check_side(*cohort, split.side_, side, split.summary_);
  split.summary_.has_validation = std::find(split.side_.begin(), split.side_.end(), Side::validation) != split.side_.end();
  if (split.summary_.has_validation) check_side(*cohort, split.side_, Side::validation, split.summary_);
  summarise(*cohort, split.side_, column, split.summary_);
  note_shared_donors(*cohort, split.side_, split.summary_);
  if (!split.summary_.has_validation)
    split.summary_.notes.emplace_back(
        "There is no validation side: the number of epochs is fixed, the threshold is 0.5 and the temperature 1.");
  split.cohort_ = std::move(cohort);
  return split;
}

std::optional<ValidationView> Split::validation() const {
  if (!summary_.has_validation) return std::nullopt;
  return ValidationView(cohort_, rows(Side::validation));
}

std::vector<std::int64_t> Split::rows(Side side) const {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < side_.size(); ++i)
    if (side_[i] == side) rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

}  // namespace cellverdict
