#pragma once
// Types of cells where nobody annotated any: k-means on the first principal components of log-normalised training cells. Fitted
// within the fold; cells of any side are of the type whose centre is nearest.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/split/views.h>
#include <cellverdict/stats/k_means.h>
#include <cellverdict/stats/principal_components.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

struct CellTypeOptions {
  std::int64_t types = 10;
  std::int64_t components = 20;
  std::int64_t most_cells = 20000;  // training cells looked at, spread over the view: more change the centres by little
};

struct CellTypes {
  Preparation preparation;  // the model's genes, log-normalised and not scaled
  PrincipalComponents pca;
  KMeans k_means;
  std::int64_t n_cells = 0;  // it was fitted on
};

// Cells are read in blocks, several times; memory holds a block, their scores, and what the context's budget leaves for prepared
// cells. The same bytes for any thread count.
CellTypes fit_cell_types(const RunContext& context, const TrainView& train, const Preparation& preparation,
                         const CellTypeOptions& options = {});

// [cells] type, from 0.
std::vector<std::int32_t> apply_cell_types(const RunContext& context, const CellTypes& types, const CellView& view);

}  // namespace cellverdict
