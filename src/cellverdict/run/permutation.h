#pragma once
// Would these units give as good a score with their labels dealt at random? The linear pipeline (split, choice of genes, scale,
// regression on pseudobulk) or everything that was trained (the same, with the net, its sweep and its decision) is run again on
// each deal. Phipson & Smyth 2010.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/run/experiment.h>
#include <cellverdict/run/stages.h>

namespace cellverdict {

// One result a pipeline of [evaluate] permute, dealt within [evaluate] permute_within. `why_not` says why none were made.
// `score` is what the trained model reached over units: the AUC for two classes, else the accuracy.
std::vector<PermutationResult> permute_labels(const RunContext& context, const Experiment& experiment,
                                              const std::vector<FoldRun>& folds, const std::optional<double>& score);

}  // namespace cellverdict
