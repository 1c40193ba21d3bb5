#pragma once
// What was really done, beside the data: truth_genes.tsv (every changed gene), truth_cells.tsv (every cell), truth.json (every
// parameter, library and program). Written last, so that a truth.json says that the data beside it are complete.

#include <cellverdict/simulate/cells.h>
#include <cellverdict/simulate/plan.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// One row per program, gene and cell type; columns gene_id, symbol, program, level, cell_type ("all" or a name), log_fold_change
// (natural logarithm).
std::string truth_genes_text(const StudyPlan& plan);

struct TruthContents {
  const StudyPlan& plan;
  const SimulateOptions& options;
  std::uint64_t seed = 0;
  std::span<const CellTruth> cells;  // library by library
};
// Throws InputError (disk full, …).
void write_truth(const std::filesystem::path& folder, const TruthContents& truth);

}  // namespace cellverdict
