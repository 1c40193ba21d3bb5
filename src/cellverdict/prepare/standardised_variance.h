#pragma once
// How much more the counts of a gene vary than its mean lets expect, as scanpy's flavour "seurat_v3" computes it (Stuart et al.
// 2019): loess of log10 variance on log10 mean gives the expected sd; counts further than √n of these above the mean are cut there;
// what is left of the variance is divided by the expected one. Counts as they are, of training cells alone; never a dense matrix.

#include <cellverdict/base/run_context.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

// [genes] in the order of `genes`. 0 for a gene that does not vary. Reads the cells twice, in the view's order.
std::vector<double> standardised_variance(const RunContext& context, const TrainView& train,
                                          const std::vector<std::int64_t>& genes);

}  // namespace cellverdict
