#include <cellverdict/evaluate/cell_types.h>

#include <cellverdict/base/error.h>
#include <cellverdict/encode/minibatches.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlock = 2048;  // cells

SparseFeatures features_of(const CsrBlock& block, std::int64_t n_genes) {
  return {.indptr = block.indptr, .indices = block.indices, .values = block.values, .n_features = n_genes};
}

// Calls `see` with blocks of the n cells whose numbers `cell` gives.
template <class Cell, class See>
void read_in_blocks(const PreparedCells& cells, std::int64_t n, Cell cell, See see) {
  CsrBlock block;
  for (std::int64_t first = 0; first < n; first += kBlock) {
    block.clear();
    for (std::int64_t k = first; k < std::min(first + kBlock, n); ++k) cells.append(cell(k), block);
    see(block);
  }
}

}  // namespace

CellTypes fit_cell_types(const RunContext& context, const TrainView& train, const Preparation& preparation,
                         const CellTypeOptions& options) {
  CellTypes out{.preparation = preparation};
  out.preparation.divide = out.preparation.center = false;
  out.preparation.clip = 0;
  out.n_cells = std::min(options.most_cells, train.n_cells());
  const PreparedCells cells(train, out.preparation, context.memory_bytes / 4);
  const std::int64_t n_genes = out.preparation.genes.size();
  const auto spread = [&](std::int64_t k) { return k * train.n_cells() / out.n_cells; };
  RowBlocks rows{.n_rows = out.n_cells, .n_features = n_genes};
  rows.read = [&](const std::function<void(const SparseFeatures&)>& see) {
    read_in_blocks(cells, out.n_cells, spread, [&](const CsrBlock& block) { see(features_of(block, n_genes)); });
    if (context.stopping())
      throw Interrupted(
          {.where = "finding cell types", .found = "an interrupt", .expected = "", .advice = "run again to start over"});
  };
  out.pca = fit_principal_components(rows, {.components = options.components, .seed = context.seed, .threads = context.threads});
  std::vector<double> scores;
  rows.read([&](const SparseFeatures& block) {
    const auto part = project_rows(out.pca, block, context.threads);
    scores.insert(scores.end(), part.begin(), part.end());
  });
  out.k_means = fit_k_means({.values = scores, .n_features = out.pca.n_components},
                            {.clusters = options.types, .seed = context.seed, .threads = context.threads});
  return out;
}

std::vector<std::int32_t> apply_cell_types(const RunContext& context, const CellTypes& types, const CellView& view) {
  const PreparedCells cells(view, types.preparation, 0);
  std::vector<std::int32_t> out;
  read_in_blocks(
      cells, view.n_cells(), [](std::int64_t k) { return k; },
      [&](const CsrBlock& block) {
        const auto scores = project_rows(types.pca, features_of(block, types.preparation.genes.size()), context.threads);
        const auto part = nearest_centres(types.k_means, {.values = scores, .n_features = types.pca.n_components}, context.threads);
        out.insert(out.end(), part.begin(), part.end());
      });
  return out;
}

}  // namespace cellverdict
