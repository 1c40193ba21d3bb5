#pragma once
// Do the members of a set stand at one end of a ranking? The weighted running sum of Subramanian et al. 2005 on a ranking that is
// given (gseapy.prerank, weight 1), its chance by sets of as many places drawn at random. Numbers in, numbers out.

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct EnrichmentOptions {
  std::int64_t permutations = 1000;
  std::uint64_t seed = 42;
};

struct Enrichment {
  double score = 0;          // the running sum's greatest distance from 0: positive when members stand first
  double normalised = 0;     // score / mean of the random scores of its sign; NaN when none has its sign
  double p_value = 1;        // (1 + random ones of its sign at least as far) / (1 + random ones of its sign)
  std::int64_t n_first = 0;  // members up to the greatest distance, from the end that they stand at: the leading edge
};

// values: descending. places: [sets] of 0 <= place < values.size(), ascending and distinct; neither none nor all. The random sets
// of a size are the same for all sets of that size and depend on the seed alone. Throws InternalError for what does not fit.
std::vector<Enrichment> test_enrichment(std::span<const double> values, const std::vector<std::vector<std::int64_t>>& places,
                                        const EnrichmentOptions& options = {});

}  // namespace cellverdict
