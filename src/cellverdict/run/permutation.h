#pragma once
// Would these units give as good a score with their labels dealt at random? The whole linear pipeline (split, choice of genes,
// scale, regression on pseudobulk) is run again on each deal. Phipson & Smyth 2010.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/run/experiment.h>
#include <cellverdict/run/stages.h>

namespace cellverdict {

// [evaluate] permutations deals within [evaluate] permute_within. `why_not` says why none were made.
PermutationResult permute_labels(const RunContext& context, const Experiment& experiment, const std::vector<FoldRun>& folds);

}  // namespace cellverdict
