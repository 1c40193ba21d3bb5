#pragma once
// Whether a result is that of every group or of some: units by the values of an obs column (sex, site, age), each group's share
// called right, sensitivity and specificity, at the threshold that was settled before the test side was opened.

#include <cellverdict/evaluate/scoring.h>

#include <string>
#include <vector>

namespace cellverdict {

// A column of numbers with more values than this is cut at the median of the units.
inline constexpr std::int64_t kMostNumbersAsGroups = 10;
// More groups than this are no table that a person reads.
inline constexpr std::int64_t kMostSubgroups = 30;

// One table a column; `why_not` where the column makes no groups. A unit whose cells have several values is one of "(several)".
// Throws UsageError for an unknown column.
std::vector<SubgroupTable> judge_subgroups(const ScoringInput& input, const std::vector<UnitCall>& calls,
                                           const std::vector<std::string>& columns);

}  // namespace cellverdict
