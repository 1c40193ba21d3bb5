#pragma once
// The medians of a token dictionary, from a cohort: for each gene the median of x / n · 10,000 over the cells where it is not zero.
// Exact: values of as many genes as fit the memory are kept at a time, and the cells are gone through once for each such part.
// Must never: see a cell outside the rows it is given.

#include <cellverdict/base/run_context.h>
#include <cellverdict/split/views.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace cellverdict {

struct GeneMedians {
  std::vector<double> medians;        // [genes] NaN where no cell has counts
  std::vector<std::int64_t> n_cells;  // [genes] cells with counts
  std::int64_t n_passes = 0;          // over the cells, the first to count
};

// Goes through all cells once, in any order, the same ones each time; n_counts: the cell's size.
using CellPass = std::function<void(const std::function<void(const CsrRow& counts, double n_counts)>& see)>;

GeneMedians non_zero_medians(std::int64_t n_genes, const CellPass& pass, std::int64_t memory_bytes, int threads);

// Of the training cells alone, over context.memory_bytes. Throws Interrupted.
GeneMedians fit_gene_medians(const RunContext& context, const TrainView& train);

}  // namespace cellverdict
