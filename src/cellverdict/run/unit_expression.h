#pragma once
// What explanations are held against, from the training side alone: the mean cell of some of them, and the genes that differ
// between units as any differential expression of pseudobulks would rank them.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/value_state.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct MeanProfiles {
  std::vector<float> values;          // [types, genes] of prepared cells
  std::vector<std::int64_t> n_cells;  // [types]; where 0 the profile is that of all cells counted
};
// Of the cells that `counts` [cells]. type [cells]: from 0; negative: none of them. Throws DataError, in the name of `option`, when
// no cell counts.
MeanProfiles mean_profiles(const TrainView& train, const Preparation& preparation, const std::vector<bool>& counts,
                           std::span<const std::int32_t> type, std::int64_t n_types, const std::string& option);

struct PseudobulkTest {
  std::vector<double> log2_fold_change, t;  // [genes] of the model; t: Welch's, NaN with fewer than two units in a class
  std::vector<std::int64_t> rank;           // from 1, by |t|, without it by |log2_fold_change|
};
// Units of class `target` against all others, log2(counts per million + 1) of a unit's summed cells (of values that are no counts:
// their mean).
PseudobulkTest pseudobulk_test(const RunContext& context, const TrainView& train, const Preparation& preparation, ValueState values,
                               std::int32_t target);

}  // namespace cellverdict
