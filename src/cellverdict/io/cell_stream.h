#pragma once
// Cells on their way into a file, with what is known of the whole beforehand. What the writers of user formats are given.

#include <cellverdict/table/csr.h>
#include <cellverdict/table/frame.h>
#include <cellverdict/table/genes.h>

#include <cstdint>
#include <functional>

namespace cellverdict {

struct CellStream {
  GeneList genes;
  Frame obs;                                  // one row a cell; index = cell names
  std::int64_t n_nonzero = 0;                 // exact
  bool whole = false;                         // all values are whole numbers of 31 bits
  std::vector<std::int64_t> gene_counts;      // [genes] entries of each
  std::function<bool(CsrBlock&)> next_block;  // cells in order; false at the end
  std::function<void()> rewind;               // to the first cell
  std::int64_t n_cells() const { return obs.n_rows(); }
};

}  // namespace cellverdict
