#pragma once
// How far one grouping of units tells another: the label and the batch, the donor and the site. One value a unit, never a cell:
// cells of a unit agree by construction. Numbers in, numbers out.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cellverdict {

// Two groupings of the same units, levels from 0; a negative level is a missing value, and that unit is left out of everything.
struct Groupings {
  std::span<const std::int32_t> a, b;  // [n_units] each
};

// All functions of Groupings throw InternalError when sizes differ.

struct ContingencyTable {
  std::int64_t n_rows = 0, n_columns = 0;  // levels 0 to the greatest seen
  std::vector<std::int64_t> counts;        // [levels of a, levels of b]
  std::int64_t n = 0, n_missing = 0;       // units counted and left out
};
ContingencyTable contingency_table(const Groupings& groupings);

// Pearson's test of independence without continuity correction (scipy.stats.chi2_contingency(correction=False)). Nothing when
// fewer than two levels of either are present. Where least_expected is below 5 the p-value is rough: permute instead.
struct ChiSquared {
  double statistic = 0, p_value = 1, least_expected = 0;
  std::int64_t degrees_of_freedom = 0;
};
std::optional<ChiSquared> chi_squared(const ContingencyTable& table);

// Strength of association, 0 to 1; nothing as above. Plain V (Cramér 1946) is far above 0 between unrelated groupings of few units;
// the corrected one (Bergsma 2013) is not, and is what to report. Levels without a unit do not count.
struct CramersV {
  double plain = 0, corrected = 0;
};
std::optional<CramersV> cramers_v(const ContingencyTable& table);

// Is `a` nested in `b`: does every level of a lie within one level of b? Then b cannot vary while a is held fixed, and the effect
// of b cannot be told from that of the levels of a.
struct Nestedness {
  std::int64_t n_levels = 0;        // of a, present
  std::int64_t n_pure = 0;          // levels of a within one level of b
  std::int64_t n_single = 0;        // of those, levels with one unit only: pure by construction
  std::int64_t n_units_pure = 0;    // units in pure levels
  std::vector<std::int32_t> mixed;  // the other levels of a, ascending
  bool nested() const { return n_levels > 0 && mixed.empty(); }
};
Nestedness nestedness(const Groupings& groupings);

// How far two groupings are the same one, whatever their levels are called: 1 the same, about 0 unrelated, below 0 less alike than
// by chance (Hubert & Arabie 1985; sklearn.metrics.adjusted_rand_score). 1 where both are one group, or all units apart.
double adjusted_rand_index(const ContingencyTable& table);

}  // namespace cellverdict
