#pragma once
// How far a number measured on these units can be from the one in the population. An observation here is one independent unit;
// cells of one donor are not independent, and giving them as if they were makes every interval below far too narrow.
// Numbers in, numbers out. Where there are too few units the answer is a reason in words, never a number.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct Interval {
  double estimate = 0, low = 0, high = 0;
  std::string method;  // "Wilson", "DeLong, logit", …: as a reader would cite it
};

struct MaybeInterval {
  std::optional<Interval> interval;
  std::string why_not;  // a clause in words when there is no interval, else empty
};

// Below this many units in either class an AUC has no interval: the variance of three placements says nothing.
inline constexpr std::int64_t kLeastUnitsForAuc = 4;
// Below this many units in either class DeLong's variance is too rough and Newcombe's interval stands in for it.
inline constexpr std::int64_t kLeastUnitsForDeLong = 10;
// Below this many units a proportion gets the exact interval.
inline constexpr std::int64_t kLeastUnitsForWilson = 10;

// Every function here: `level` in (0, 1), else InternalError.

// Wilson 1927, without continuity correction. 0 <= successes <= n, n > 0, else InternalError.
Interval wilson_interval(std::int64_t successes, std::int64_t n, double level = 0.95);
// Clopper & Pearson 1934. The same conditions.
Interval exact_interval(std::int64_t successes, std::int64_t n, double level = 0.95);
// The exact interval below kLeastUnitsForWilson units, Wilson's from there on; no units: not estimable.
MaybeInterval proportion_interval(std::int64_t successes, std::int64_t n, double level = 0.95);

// Variance of the AUC by DeLong, DeLong & Clarke-Pearson 1988, from midranks in O(n log n) (Sun & Xu 2014).
// Exactly 0 when every unit of a class has the same placement. Nothing with fewer than two units in a class.
// Throws DataError for a score that is not a number, InternalError when sizes differ.
std::optional<double> auc_variance(std::span<const std::uint8_t> positive, std::span<const double> scores);

// AUC of independent units by the method that covers best for as many units as there are (measured: docs/STATISTICS.md):
//   no variance                            the bound over disjoint pairs, see delong_auc_interval
//   fewer than kLeastUnitsForDeLong a class  newcombe_auc_interval
//   else                                   delong_auc_interval
// Fewer than kLeastUnitsForAuc units in a class: not estimable. Throws as auc_variance.
MaybeInterval auc_interval(std::span<const std::uint8_t> positive, std::span<const double> scores, double level = 0.95);

// logit(AUC) ± z·se / (AUC (1 − AUC)) with DeLong's se (Pepe 2003; Qin & Hotilovac 2008): inside (0, 1), and free of any
// model of the scores, but wider than it need be below about 10 units a class.
// Where DeLong's variance is 0 (classes separated without an overlap, all scores equal) that formula gives a width of zero or
// none. Then the bound rests on pairs: with k = the units of the smaller class there are k disjoint pairs (one positive, one
// negative unit), each won with probability AUC independently of the others, so Clopper & Pearson's interval for k·AUC wins in k
// holds: for a perfect AUC it is [(α/2)^(1/k), 1], exact whatever the distributions, and conservative, since it uses k of the pairs
// alone. Ties that leave half wins make the count a fraction and the interval an approximation.
// Limits and errors as auc_interval.
MaybeInterval delong_auc_interval(std::span<const std::uint8_t> positive, std::span<const double> scores, double level = 0.95);

// Newcombe 2006, part 2, method 5: the values t with |AUC − t| <= z·se(t), se² = t (1 − t) (1 + N (1 − t)/(2 − t) + N t/(1 + t)) /
// (n_positive · n_negative), N = (n_positive + n_negative)/2 − 1 (Hanley & McNeil's variance at t itself, as Wilson's is). Needs no
// scores, only the AUC. AUC in [0, 1] and a unit of each class, else InternalError.
struct UnitsOfClass {
  std::int64_t n_positive = 0, n_negative = 0;
};
Interval newcombe_auc_interval(double auc, const UnitsOfClass& units, double level = 0.95);

// Two sets of scores for the same units: the AUC of `a` minus that of `b`.
struct AucDifference {
  MaybeInterval difference;
  std::optional<double> p_value;  // two-sided, of equal AUCs; nothing where the variance is 0 and the AUCs differ
};

struct PairedScores {
  std::span<const double> a, b;  // [n] each
};

// DeLong's paired test and interval, clipped to [-1, 1]. Where the variance of the difference is 0 (both rank all units alike,
// or both separate the classes) the interval is [low of a − high of b, high of a − low of b] of pair bounds at the level (1 +
// level)/2 each, which holds by Bonferroni, and p is 1 for equal AUCs. Beside scores that are the same for all units, whose AUC is
// 0.5 in any sample, it is the other one's auc_interval less 0.5. The limits of n and the errors are auc_interval's.
AucDifference auc_difference(std::span<const std::uint8_t> positive, const PairedScores& scores, double level = 0.95);

}  // namespace cellverdict
