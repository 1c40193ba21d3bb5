#pragma once
// Passes over the training cells, in the order of the view: bytes depend on no thread. Sums of genes only, never a dense matrix.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/dispersion.h>
#include <cellverdict/split/views.h>
#include <cellverdict/table/gene_sums.h>

#include <functional>
#include <string_view>
#include <vector>

namespace cellverdict {

// Hands out the counts of every cell. Throws Interrupted.
void for_each_training_cell(const RunContext& context, const TrainView& train, std::string_view stage,
                            const std::function<void(std::int64_t i, const CsrRow& counts)>& see);

// Of counts scaled to target_sum a cell, no logarithm; 0: of the counts as they are.
GeneSums sum_counts(const RunContext& context, const TrainView& train, double target_sum);

// Mean and variance (ddof 1) of some genes.
GeneMoments moments_of(const GeneSums& sums, const std::vector<std::int64_t>& genes);

// Population variance of one gene. What is left of the subtraction when all values are equal is rounding, not variance: it must not
// become a divisor, and is 0.
double variance_of(const GeneSums& sums, std::int64_t gene);

}  // namespace cellverdict
