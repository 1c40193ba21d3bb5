#pragma once
// A study with known truth, written as the files a laboratory would hand over: for demonstrations, tests and benchmarks.
// The generator is described in plan.h (which gene changes where) and counts.h (negative-binomial counts).
//
// Cells are drawn twice, once to count the non-zeros that the file formats want to know beforehand and once to write, because
// drawing is cheaper than keeping them: memory is one block of cells, one alias table a cell type, and for every cell its truth
// and its annotations.
// The same seed gives the same bytes with any number of threads.

#include <cellverdict/base/run_context.h>
#include <cellverdict/simulate/options.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct SimulatedCohort {
  std::filesystem::path data;  // cohort.h5ad, or samples.csv for 10x folders
  std::filesystem::path truth_genes, truth_cells, truth;
  std::int64_t n_libraries = 0, n_cells = 0, n_genes = 0, n_nonzero = 0, n_low_quality = 0;
  double mean_genes = 0, mean_counts = 0;  // per cell
  std::vector<std::string> notes;          // one sentence each, for whoever reads the data
};

// Writes into the folder options.output:
//   h5ad   cohort.h5ad; obs cell_type, donor, library, disease, batch (lmna: genotype for disease), day and replicate where the
//          design has them; var gene_symbols
//   10x    one v3 folder a library, samples.csv with library, path, donor, the label, and batch, day, replicate as above
//          (lmna: library, path, donor, genotype, day, replicate)
//   both   truth_genes.tsv, truth_cells.tsv, truth.json
// Files of these names are replaced, others are left alone. The seed is context.seed.
// Throws UsageError (options), InputError (disk), Interrupted.
SimulatedCohort simulate_cohort(const RunContext& context, const SimulateOptions& options);

}  // namespace cellverdict
