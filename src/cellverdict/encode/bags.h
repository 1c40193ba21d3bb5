#pragma once
// Patients as bags of cells: which cells of a view belong together, which of them are looked at in an epoch, and in what order the
// bags come. Every draw is a function of seed, unit and epoch alone: neither other bags nor a resume change it.

#include <cellverdict/encode/minibatches.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// One bag a unit, in the sorted order of units.
struct Bags {
  std::vector<std::string> unit;                 // [bags]
  std::vector<std::int32_t> label;               // [bags] class
  std::vector<std::vector<std::int64_t>> cells;  // [bags] of the view, ascending, never none

  std::int64_t n_bags() const { return static_cast<std::int64_t>(unit.size()); }
};

// For prediction: the labels of a unit whose cells have several are those of its first cell.
Bags bags_of(const CellView& view);
// For training and choosing. Throws DataError when a unit's cells have several labels: a bag has one answer.
Bags labelled_bags_of(const CellView& view);

// `n_cells` of a bag without replacement, ascending; all when it has no more, or when n_cells is 0.
std::vector<std::int64_t> sample_bag(const Bags& bags, std::int64_t bag, std::int64_t n_cells, std::uint64_t seed, int epoch);

// Bags whose cells are packed one after another.
struct PackedBags {
  CsrBlock cells;                           // [cells, genes] prepared
  std::vector<std::int64_t> offsets = {0};  // [bags + 1] rows
  std::vector<std::int64_t> members;        // [bags] bag numbers
  std::int64_t n_bags() const { return static_cast<std::int64_t>(members.size()); }
  void clear();
  // Appends cells of the view that `prepared` is of.
  void append(const PreparedCells& prepared, std::int64_t bag, const std::vector<std::int64_t>& cells_of_bag);
};

// `draws` (bag numbers, repeats allowed) shuffled and cut into minibatches.
std::vector<std::vector<std::int64_t>> shuffled_bags(std::vector<std::int64_t> draws, std::int64_t batch_size, std::uint64_t seed,
                                                     int epoch);

// The value of an obs column for each bag: that of most of its cells, of equal ones the first in sorted order; -1 without any.
struct BagColumn {
  std::vector<std::string> values;  // sorted
  std::vector<std::int32_t> code;   // [bags]
  std::int64_t n_mixed = 0;         // bags whose cells have several values
};
BagColumn bag_column(const CellView& view, const Bags& bags, const std::string& column, const std::string& where);

}  // namespace cellverdict
