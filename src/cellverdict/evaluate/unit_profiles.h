#pragma once
// The summed counts of every unit, made once: fits that are repeated on other labels (permutations) then need no cell again.
// A unit's own sum holds nothing of any label or of another unit, so it may be made before the split.

#include <cellverdict/split/views.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

class UnitProfiles {
 public:
  // Memory: 4 bytes for each of n_units × n_genes.
  UnitProfiles(std::int64_t n_units, std::int64_t n_genes);
  // Each cell of the cohort at most once.
  void add(const CellView& view);

  float count(std::int64_t unit, std::int64_t gene) const { return counts_[unit * n_genes_ + gene]; }
  double total(std::int64_t unit) const { return totals_[unit]; }  // library size of all its cells

 private:
  std::int64_t n_genes_;
  std::vector<float> counts_;   // [units, genes]
  std::vector<double> totals_;  // [units]
};

}  // namespace cellverdict
