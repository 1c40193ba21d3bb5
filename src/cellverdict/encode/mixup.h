#pragma once
// Patients that do not exist, mixed of two that do (ScRAT, Mao et al. 2024; mixup, Zhang et al. 2018): λ ~ Beta(α, α), each cell is
// λ · a cell of the one + (1 − λ) · a cell of the other, the label likewise. Training patients only. Every draw is a function of
// seed and epoch alone.

#include <cellverdict/encode/bags.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct MixedPair {
  std::int64_t first = 0, second = 0;  // bag numbers; may be the same
  double share = 1;                    // of the first
};

struct MixupOptions {
  double per_bag = 0;  // pairs for each draw; a broken part is drawn for
  double alpha = 1;    // 0.1 to 4
};

// Partners are drawn from `draws`, so that rare classes are mixed as often as they are shown.
std::vector<MixedPair> mixed_pairs(std::span<const std::int64_t> draws, const MixupOptions& options, std::uint64_t seed, int epoch);

// Appends the mixture of these cells of the two bags, as many as the smaller has, paired at random; its member is the first bag.
struct MixedCells {
  const std::vector<std::int64_t>&first, &second;
};
void append_mixed(const PreparedCells& prepared, const MixedPair& pair, const MixedCells& cells, std::uint64_t seed,
                  PackedBags& out);

}  // namespace cellverdict
