#pragma once
// Cells × genes with annotations, in memory or mapped from shards of a store: random access to rows of raw counts.

#include <cellverdict/table/csr.h>
#include <cellverdict/table/frame.h>
#include <cellverdict/table/genes.h>

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

namespace cellverdict {

// A contiguous run of rows, CSR arrays owned by `keep` (a mapping or vectors).
struct CsrShard {
  std::span<const std::int64_t> indptr;                                         // [n_rows + 1]
  std::span<const std::int32_t> indices;                                        // [nnz] gene
  std::variant<std::span<const std::uint16_t>, std::span<const float>> values;  // [nnz]
  std::shared_ptr<const void> keep;

  std::int64_t n_rows() const { return static_cast<std::int64_t>(indptr.size()) - 1; }
};

class CellTable {
 public:
  // obs has one row per row of the shards, in order; totals are the library sizes (sum of counts over all genes) of the cells.
  CellTable(GeneList genes, Frame obs, std::vector<double> totals, std::vector<CsrShard> shards);

  std::int64_t n_cells() const { return obs_.n_rows(); }
  std::int64_t n_genes() const { return genes_.size(); }
  const GeneList& genes() const { return genes_; }
  const Frame& obs() const { return obs_; }
  double total(std::int64_t row) const { return totals_[row]; }
  std::int64_t n_nonzero() const;
  // Appends the counts of one row to `out` and ends its row there.
  void append_row(std::int64_t row, CsrBlock& out) const;

 private:
  GeneList genes_;
  Frame obs_;
  std::vector<double> totals_;
  std::vector<CsrShard> shards_;
  std::vector<std::int64_t> first_rows_;  // [shards + 1]
};

// A shard that owns the arrays of a block (tests, small data).
CsrShard make_shard(CsrBlock block);

}  // namespace cellverdict
