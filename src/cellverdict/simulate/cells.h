#pragma once
// The cells of one library, drawn on demand. Each cell has a random stream of its own, (seed, "cell", library, index), so any
// range of cells can be drawn again, by any number of threads, and is the same.

#include <cellverdict/simulate/counts.h>
#include <cellverdict/simulate/plan.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// What was decided about a cell before its counts were drawn, and how many came out.
struct CellTruth {
  std::int32_t cell_type = 0;
  bool low_quality = false;
  double depth = 0;       // expected total count
  double mito_share = 0;  // expected share of the mitochondrial genes
  std::int64_t n_genes = 0, n_counts = 0;
};

// One alias table a cell type; the plan and the options must outlive it.
class LibraryCells {
 public:
  LibraryCells(const StudyPlan& plan, const SimulateOptions& options, std::uint64_t seed, std::size_t library);

  // Cells [first, last) as rows; block.first_row is `first`.
  void draw(std::int64_t first, std::int64_t last, int threads, CsrBlock& block) const;
  // The same cells counted and forgotten; one entry a cell.
  std::vector<CellTruth> survey(std::int64_t first, std::int64_t last, int threads) const;

 private:
  CellTruth draw_traits(Random& random) const;
  CellTruth draw_cell(std::int64_t index, CellCounter& cell) const;

  const StudyPlan& plan_;
  const SimulateOptions& options_;
  std::uint64_t seed_;
  const SimulatedLibrary& library_;
  ClusterSizes sizes_;
  AliasTable mito_;
  std::vector<AliasTable> types_;
};

// A 10x-like barcode, distinct for every index below 2^32: "GATTACAGATTACAGA-1".
std::string barcode(std::int64_t index);

}  // namespace cellverdict
