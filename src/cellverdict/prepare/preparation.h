#pragma once
// What is learned from the training cells before any net sees them, and its use on any cell: normalise → choose genes → scale.
// Fitted on a TrainView and on nothing else; kept in the model folder, so that a stranger's cells are prepared the same way.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/options.h>
#include <cellverdict/split/views.h>

#include <string>
#include <vector>

namespace cellverdict {

struct Preparation {
  GeneList genes;                // what the net sees, in the cohort's gene order
  std::vector<double> mean, sd;  // [genes] of the normalised values over the training cells, ddof 0
  double target_sum = 1e4;
  bool log1p = true;
  bool divide = true, center = false;
  double clip = 10;
  double median_total = 0;  // library size of the training cells, for comparing a stranger's depth
  std::int64_t n_training_cells = 0;
  GeneList seen;                      // all genes of the cohort: library sizes and quality are measured over them
  std::int64_t n_genes_detected = 0;  // in at least min_cells_per_gene training cells
};

// Genes in at least min_cells_per_gene training cells, of these the ones chosen as select_genes.h says, their mean and sd. Throws
// DataError when no gene is left.
Preparation fit_preparation(const RunContext& context, const TrainView& train, const PrepareOptions& options);

// Appends one prepared cell to `out` and ends its row. `column` maps a gene of the counts to the preparation's gene (-1: not used);
// genes of the preparation that the counts lack are zero. Centred preparations give full rows.
void apply_preparation(const Preparation& preparation, const std::vector<std::int32_t>& column, const CsrRow& counts, double total,
                       CsrBlock& out);

// Which preparation gene each gene of a list is, by id; by symbol when no id is known.
std::vector<std::int32_t> preparation_columns(const Preparation& preparation, const GeneList& genes);

}  // namespace cellverdict
