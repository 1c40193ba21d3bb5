#pragma once
// The graph of cells of the blood-lineage study (Bo, Gu & Sun, §3.4 and §4.1): cells are nodes, an unweighted edge joins two whose
// latents are similar, by the cosine of the angle between them. Between the autoencoder's latents and the graph convolutional net.
// Labels are never looked at: an edge says nothing about the side or the class of its cells.

#include <cellverdict/base/run_context.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct CellGraphOptions {
  double threshold = 0.4;  // least cosine similarity of an edge, −1 to 1
  // "cell": of each cell at most `cap` edges, those to its most similar cells. An edge stays when both its ends keep it, so that no
  // cell has more than `cap`. "total": the `cap` most similar pairs of all. Of equally similar ones those of smaller index win.
  std::string cap_by = "cell";
  std::int64_t cap = 1000;
  // "exact": all pairs, each looked at once. "approximate": within nearby clusters, as many as the recall needs; for caps by cell.
  std::string search = "exact";
  double recall = 0.95;  // of approximate: share of true neighbours to be found
};

struct CellGraph {
  // Cell i has the neighbours [offsets[i], offsets[i + 1]), ascending; every edge stands with both its ends, none joins a cell to
  // itself.
  std::vector<std::int64_t> offsets = {0};  // [cells + 1]
  std::vector<std::int32_t> neighbours;
  std::int64_t n_capped = 0;    // cells that had more cells of at least the threshold than the cap left them
  std::int64_t n_isolated = 0;  // cells without an edge
  double recall = 1;            // of what the search should find; below 1 only when approximate, measured on a sample of cells
  std::vector<std::string> notes;

  std::int64_t n_cells() const { return std::ssize(offsets) - 1; }
  std::int64_t n_edges() const { return std::ssize(neighbours) / 2; }
  double capped_share() const { return n_cells() > 0 ? static_cast<double>(n_capped) / static_cast<double>(n_cells()) : 0; }
};

// latents [cells, width] row-major. Memory beside the latents: a copy of them, cells · cap · 10 bytes while searching, cells · cap
// · 4 in the end; never cells². The same for any number of context.threads. Throws UsageError for options out of range, DataError
// for no cell and for values that are not finite.
CellGraph make_cell_graph(const RunContext& context, std::span<const float> latents, std::int64_t width,
                          const CellGraphOptions& options = {});

}  // namespace cellverdict
