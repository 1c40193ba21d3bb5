#pragma once
// Sums over cells from which every fitted statistic is made: they add up across units, files, threads and machines, so one pass
// over the cells serves any number of folds.

#include <cellverdict/table/csr.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct GeneSums {
  std::int64_t n_cells = 0;
  std::vector<double> sum;          // [genes] Σ x
  std::vector<double> sum_squares;  // [genes] Σ x²
  std::vector<double> n_positive;   // [genes] cells with x > 0 (exact: below 2^53)

  explicit GeneSums(std::int64_t n_genes = 0);
  void add(const CsrRow& row);
  void add(const GeneSums& other);
};

// One GeneSums a unit, of the values that `normalisation` describes ("counts, 10000 per cell, log1p").
struct UnitGeneSums {
  std::string normalisation;
  std::vector<std::string> units;
  std::vector<GeneSums> sums;  // [units]
};

}  // namespace cellverdict
