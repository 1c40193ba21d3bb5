#include <cellverdict/base/parallel.h>
#include <cellverdict/encode/nearest_lists.h>
#include <cellverdict/stats/row_products.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace cellverdict {

namespace {

// A key that at least `cap` of the keys are likely to reach, and not many more: guessed from every so many of them.
std::uint64_t likely_floor(std::span<const std::uint64_t> keys, std::int64_t cap) {
  constexpr std::int64_t kSample = 127;
  std::array<std::uint64_t, kSample> sample;
  for (std::int64_t k = 0; k < kSample; ++k)
    sample[static_cast<std::size_t>(k)] = keys[static_cast<std::size_t>(k * std::ssize(keys) / kSample)];
  const double share = static_cast<double>(cap) / static_cast<double>(keys.size());
  const double rank = kSample * share + 1.5 * std::sqrt(kSample * share * (1 - share));
  const auto at = sample.begin() + std::min<std::int64_t>(kSample - 1, std::lround(rank));
  std::nth_element(sample.begin(), at, sample.end(), std::greater<>());
  return *at;
}

}  // namespace

NearestLists::NearestLists(const ListLimits& limits) : cap_(std::clamp<std::int64_t>(limits.n_others, 1, limits.cap)) {
  const std::int64_t n = limits.n_lists;
  constexpr std::int64_t kBytes = sizeof(std::uint64_t), kLeastRoom = 64;
  // Making room costs as much as a list is long: the more there is, the rarer.
  const std::int64_t least = cap_ + std::max(kLeastRoom, cap_ / 4), most = cap_ + std::max(kLeastRoom, cap_);
  room_ = std::min(limits.n_others + 1, std::clamp(limits.memory_bytes / (kBytes * std::max<std::int64_t>(1, n)), least, most));
  keys_ = std::make_unique_for_overwrite<std::uint64_t[]>(static_cast<std::size_t>(n * room_));
  sizes_.assign(static_cast<std::size_t>(n), 0);
  least_.assign(static_cast<std::size_t>(n), 0);
  floors_.assign(static_cast<std::size_t>((n + kPanelRows - 1) / kPanelRows * kPanelRows), limits.threshold);
  std::fill(floors_.begin() + n, floors_.end(), std::numeric_limits<float>::infinity());
}

void NearestLists::make_room(std::int64_t cell) {
  const std::span<std::uint64_t> keys = keys_of(cell);
  const std::uint64_t floor = likely_floor(keys, cap_);
  std::int64_t n_kept = 0;
  for (const std::uint64_t key : keys) n_kept += key >= floor ? 1 : 0;
  if (n_kept < cap_ || n_kept > (cap_ + 3 * room_) / 4) return cut(cell);
  std::size_t kept = 0;
  for (const std::uint64_t key : keys) {
    keys[kept] = key;
    kept += key >= floor ? 1 : 0;
  }
  sizes_[static_cast<std::size_t>(cell)] = static_cast<std::int32_t>(kept);
  floors_[static_cast<std::size_t>(cell)] = similarity_of(floor);
  least_[static_cast<std::size_t>(cell)] = floor;  // until it is cut
}

void NearestLists::cut(std::int64_t cell) {
  const std::span<std::uint64_t> keys = keys_of(cell);
  if (std::ssize(keys) < cap_ || (std::ssize(keys) == cap_ && least_[static_cast<std::size_t>(cell)] == 0)) return;
  const auto last = keys.begin() + (cap_ - 1);
  std::nth_element(keys.begin(), last, keys.end(), std::greater<>());
  floors_[static_cast<std::size_t>(cell)] = similarity_of(*last);
  least_[static_cast<std::size_t>(cell)] = *last;
  sizes_[static_cast<std::size_t>(cell)] = static_cast<std::int32_t>(cap_);
}

void NearestLists::finish(Order order, int threads) {
  parallel_for(std::ssize(sizes_), threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      cut(i);
      const std::span<std::uint64_t> keys = keys_of(i);
      if (order == Order::by_similarity) std::sort(keys.begin(), keys.end(), std::greater<>());
      if (order == Order::by_cell)
        std::sort(keys.begin(), keys.end(), [](std::uint64_t a, std::uint64_t b) { return cell_of(a) < cell_of(b); });
    }
  });
}

}  // namespace cellverdict
