#pragma once
// Do two or more groups of independent units differ in a number, and how to judge many such tests at once. One value a unit, never
// a cell. Numbers in, numbers out.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Mann & Whitney 1947 (Wilcoxon's rank sum), two-sided. Without ties and with at most kMostUnitsForExactRankSum in the smaller
// group the p-value is exact; else normal, with the correction for ties and for continuity (scipy.stats.mannwhitneyu,
// method="auto"; beyond 1,000 units in the greater group it is normal here).
inline constexpr std::int64_t kMostUnitsForExactRankSum = 8, kMostOthersForExactRankSum = 1000;
struct RankSum {
  std::int64_t n_a = 0, n_b = 0;
  double u = 0;        // pairs in which a is above b, a tie counting half
  double share = 0.5;  // u / (n_a · n_b): P(a unit of a is above one of b), which is the AUC of a against b
  double p_value = 1;
  std::string method;  // "exact", "normal, tie-corrected"
};
// Nothing when a group is empty. Throws DataError for a value that is not a number.
std::optional<RankSum> rank_sum(std::span<const double> a, std::span<const double> b);

// Kruskal & Wallis 1952 with the correction for ties (scipy.stats.kruskal); p by chi-squared, rough below five units a group.
struct KruskalWallis {
  std::int64_t n_groups = 0, n = 0, n_missing = 0;
  double h = 0, p_value = 1;
  double epsilon_squared = 0;  // h / (n − 1): share of the ranks' variance between groups, 0 to 1
};
// group: from 0, negative is missing, as is a value of NaN. Nothing with fewer than two groups present or all values equal.
std::optional<KruskalWallis> kruskal_wallis(std::span<const double> values, std::span<const std::int32_t> group);

// Adjusted p-values of a family of tests, at most 1, in the order given. Throws InternalError for a p outside [0, 1].
std::vector<double> bonferroni(std::span<const double> p_values);
// Benjamini & Hochberg 1995: the false discovery rate at which each would be called (scipy.stats.false_discovery_control).
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

// Fisher's exact test of a 2 × 2 table: are the marked among the chosen more often than by chance?
struct TwoByTwo {
  std::int64_t both = 0, only_chosen = 0, only_marked = 0, neither = 0;
};
struct FisherExact {
  double odds_ratio = 1;  // both · neither / (only_chosen · only_marked); infinite where the divisor is 0; NaN for an empty margin
  double two_sided = 1;   // tables at most as probable (scipy.stats.fisher_exact)
  double greater = 1;     // as many of both, or more: over-representation
  double less = 1;
};
// Throws InternalError for negative counts.
FisherExact fisher_exact(const TwoByTwo& table);

}  // namespace cellverdict
