#pragma once
// Σ x, Σ x² and the number of x > 0 of the normalised values, unit × gene, in a scratch file: a thousand donors and 36,000 genes
// are 860 MB that must not be private memory.

#include <cellverdict/base/scratch_file.h>
#include <cellverdict/prepare/cell_records.h>
#include <cellverdict/prepare/options.h>
#include <cellverdict/prepare/row_spool.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace cellverdict {

class UnitSums {
 public:
  // `units`: the numbers of those it is for, ascending; they are its rows.
  UnitSums(const std::filesystem::path& path, const std::vector<std::int32_t>& units, std::int64_t n_genes);

  // Adds rows of one unit in their order: the same bytes whatever adds the other units at the same time.
  void add(std::int32_t unit, const RowSpool& spool, std::span<const std::int32_t> rows, const CellRecords& records,
           const PrepareOptions& options);

  // Adds what was summed elsewhere: [3, genes].
  void add(std::int32_t unit, std::span<const double> sums);

  std::span<const double> sum() const { return table(0); }          // [units, genes]
  std::span<const double> sum_squares() const { return table(1); }  // [units, genes]
  std::span<const double> n_positive() const { return table(2); }   // [units, genes]

  // Leaves the file where it is: the three tables one behind the other; they can still be read.
  void keep() { file_.give_away(); }

 private:
  std::span<double> table(std::int64_t which) const {
    return {values_ + which * n_units_ * n_genes_, static_cast<std::size_t>(n_units_ * n_genes_)};
  }

  // Of the first of the three tables.
  double* row_of(std::int32_t unit);

  ScratchFile file_;
  std::vector<std::int32_t> units_;
  std::int64_t n_units_, n_genes_;
  double* values_ = nullptr;
};

}  // namespace cellverdict
