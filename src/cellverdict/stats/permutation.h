#pragma once
// Permutation test over units: labels are dealt anew within strata (site, day), whoever fits a model fits it again on each deal,
// and the share of deals that score as well is p. Cells are never permuted: that tests whether cells of one donor resemble each
// other. Phipson & Smyth 2010, "Permutation p-values should never be zero".

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Labels and strata of the same units; sizes that differ are an InternalError.
struct LabelledUnits {
  std::span<const std::int32_t> label;    // [n_units]
  std::span<const std::int32_t> stratum;  // [n_units], or empty: all units are of one stratum
};

// Deal `number` of the seed: [n_units] labels, each stratum's shuffled among its own units. Depends on nothing else, so deals can
// be made in any order and by any thread.
std::vector<std::int32_t> permuted_labels(const LabelledUnits& units, std::uint64_t seed, std::uint64_t number);

// How many different deals there are: Π over strata of n! / Π n_label!.
struct PermutationCount {
  double log10 = 0;
  std::string exact;  // all digits: "924"
};
PermutationCount count_permutations(const LabelledUnits& units);

// No test of `n_deals` random deals can give less than this, on units with that many different ones: max(1/(1 + n_deals), 1/count).
// With three donors against three it is 0.05, and one does well to say so before computing anything.
double smallest_p(std::int64_t n_deals, const PermutationCount& count);

struct PermutationTest {
  double p_value = 1;
  std::int64_t n_as_great = 0, n_deals = 0;
};
// p = (1 + #{deals >= observed}) / (1 + deals). Deals within 1e-12 (relative) of the observed count as great, since a sum in
// another order is another double. Throws DataError for a statistic that is not a number.
PermutationTest permutation_test(double observed, std::span<const double> deals);

}  // namespace cellverdict
