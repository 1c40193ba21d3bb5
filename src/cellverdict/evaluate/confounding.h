#pragma once
// What else goes with the label: every recorded property of whole units against it, before anything is trained. A batch that holds
// one class only is a rule a model can learn instead of the disease.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/split/cohort.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// A column with more values than this is looked at only if they are no more than half the units.
inline constexpr std::int64_t kFewValues = 10;
// From here on, with p < kConfoundedBelow, an association is warned of.
inline constexpr double kConfoundedFrom = 0.5;
inline constexpr double kConfoundedBelow = 0.05;
// A value with as many units, all of one class, is warned of.
inline constexpr std::int64_t kSeveralUnits = 3;

// Every obs column that has one value in each unit and differs between units, in the order of the table, but not label, unit and
// donor themselves. Columns of cells (cell type, counts) are left out, and those with nearly as many values as units. Those of
// `same_as_label` are listed and not warned of, as is a column whose values are the classes' own names or codes of its name.
std::vector<ConfoundingRow> audit_confounding(const Cohort& cohort, const std::vector<std::string>& same_as_label);

// Whether the column as a whole goes with the label so far that a model must be shown to know more than it.
bool may_explain_label(const ConfoundingRow& row);

}  // namespace cellverdict
