#pragma once
// Which genes the net sees, from the training cells alone. Candidates are the genes with a count in at least min_cells_per_gene
// training cells (scanpy users: filter_genes on the training cells comes first; library sizes are still those over all genes).
//
//   variance     of the log-normalised values; the n greatest, ties: the earlier gene
//   all          every candidate
//   seurat       the flavours of scanpy's highly_variable_genes with n_top_genes = n. The first two keep every gene that reaches
//   cell_ranger  the n-th greatest normalised dispersion, so ties may give more than n, and genes without one are never kept;
//   seurat_v3    the last reads raw counts whatever target_sum and log1p say.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/options.h>
#include <cellverdict/split/views.h>
#include <cellverdict/table/gene_sums.h>

#include <string>
#include <vector>

namespace cellverdict {

// `sums` are of the normalised values of the training cells. Gives a part of `candidates`, which are not empty and ascend, in the
// same order. Throws DataError when no gene varies (seurat, cell_ranger).
std::vector<std::int64_t> select_genes(const RunContext& context, const TrainView& train, const GeneSums& sums,
                                       std::vector<std::int64_t> candidates, const PrepareOptions& options);

// "by variance of the log-normalised values over training cells", for notes.
std::string selection_in_words(const GeneSelection& selection);

}  // namespace cellverdict
