#pragma once
// The most similar cells of each cell while they are being found: bounded lists, each in its own place, so that threads may fill
// different ones at once. What is kept does not depend on the order of what is added: the greatest similarity wins, of equal ones
// the smaller index.

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cellverdict {

// A similarity and a cell in one number: greater is better, that is more similar or, of equal ones, of smaller index.
inline std::uint64_t neighbour_key(float similarity, std::int32_t cell) {
  constexpr std::uint32_t kSign = 0x80000000U;
  const auto bits = std::bit_cast<std::uint32_t>(similarity + 0.0F);  // − 0 is 0
  return (std::uint64_t{bits & kSign ? ~bits : bits | kSign} << 32) | static_cast<std::uint32_t>(~cell);
}
inline float similarity_of(std::uint64_t key) {
  constexpr std::uint32_t kSign = 0x80000000U;
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>(ordered & kSign ? ordered & ~kSign : ~ordered);
}
inline std::int32_t cell_of(std::uint64_t key) {
  return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

// Memory: n_lists · cap · 10 to 16 bytes, within `memory_bytes` where that allows more than the least; taken from the system as
// lists grow.
struct ListLimits {
  std::int64_t n_lists = 0;   // cells that have one
  std::int64_t n_others = 0;  // cells that may be offered to a list
  std::int64_t cap = 1000;    // cells kept of a list
  float threshold = -2;       // no less similar cell enters
  std::int64_t memory_bytes = std::int64_t{2} << 30;
};

class NearestLists {
 public:
  explicit NearestLists(const ListLimits& limits);

  std::int64_t n_cells() const { return static_cast<std::int64_t>(sizes_.size()); }
  // What is below cannot enter the list of this cell any more. As long as the lists rounded up to whole panels, infinite after the
  // last cell.
  const float* floors() const { return floors_.data(); }
  // `similarity` is not below the cell's floor.
  void add(std::int64_t cell, std::int32_t neighbour, float similarity) {
    std::int32_t& size = sizes_[static_cast<std::size_t>(cell)];
    keys_[static_cast<std::size_t>(cell * room_ + size)] = neighbour_key(similarity, neighbour);
    if (++size == room_) make_room(cell);
  }

  enum class Order { as_it_comes, by_similarity, by_cell };
  // Cuts every list to `cap` and sorts it: the most similar first, or ascending cells. After it the lists can be read, and added to
  // again.
  void finish(Order order, int threads);
  std::span<const std::uint64_t> list(std::int64_t cell) const {
    return {keys_.get() + cell * room_, static_cast<std::size_t>(sizes_[static_cast<std::size_t>(cell)])};
  }
  // After finish: whether more than `cap` cells were similar enough, and whether the list would keep this one if it was offered.
  bool capped(std::int64_t cell) const { return least_[static_cast<std::size_t>(cell)] > 0; }
  bool keeps(std::int64_t cell, std::uint64_t key) const { return key >= least_[static_cast<std::size_t>(cell)]; }

 private:
  void make_room(std::int64_t cell);
  void cut(std::int64_t cell);
  std::span<std::uint64_t> keys_of(std::int64_t cell) {
    return {keys_.get() + cell * room_, static_cast<std::size_t>(sizes_[static_cast<std::size_t>(cell)])};
  }

  std::int64_t cap_ = 0, room_ = 0;  // kept and held at most of a cell
  std::unique_ptr<std::uint64_t[]> keys_;
  std::vector<std::int32_t> sizes_;
  std::vector<float> floors_;
  std::vector<std::uint64_t> least_;  // of what was kept where something was not; else 0
};

}  // namespace cellverdict
