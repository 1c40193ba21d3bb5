#pragma once
// Rows of a sparse matrix, cells × genes, compressed by row. The currency between readers, preparation and nets.

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct CsrRow {
  std::span<const std::int32_t> genes;  // ascending, distinct
  std::span<const float> values;        // same length; never zero in what readers give
};

struct CsrBlock {
  std::int64_t first_row = 0;              // of row 0 in the whole matrix
  std::vector<std::int64_t> indptr = {0};  // [n_rows + 1]
  std::vector<std::int32_t> indices;       // [nnz] gene
  std::vector<float> values;               // [nnz]

  std::int64_t n_rows() const { return static_cast<std::int64_t>(indptr.size()) - 1; }
  CsrRow row(std::int64_t i) const {
    const auto begin = static_cast<std::size_t>(indptr[i]), n = static_cast<std::size_t>(indptr[i + 1] - indptr[i]);
    return {std::span(indices).subspan(begin, n), std::span(values).subspan(begin, n)};
  }
  void push(std::int32_t gene, float value) {
    indices.push_back(gene);
    values.push_back(value);
  }
  void end_row() { indptr.push_back(static_cast<std::int64_t>(indices.size())); }
  // Puts the entries from `begin` on, those of one row, into the order of their genes.
  void sort_from(std::size_t begin);
  void clear() {
    indptr.assign(1, 0);
    indices.clear();
    values.clear();
  }
};

}  // namespace cellverdict
