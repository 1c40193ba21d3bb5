#pragma once
// The way back from a run folder to what stood in memory when its model was trained: cells, split and model.

#include <cellverdict/run/experiment.h>
#include <cellverdict/split/split.h>
#include <cellverdict/train/classifier.h>

#include <filesystem>
#include <memory>

namespace cellverdict {

struct TrainedRun {
  Experiment experiment;
  Classifier classifier;
  Split split;
};

// `folder`: of a run with one model, of a variant, or of a fold. Throws UsageError when it holds several models, InputError when it
// holds none, its store is gone, or the split made anew is not the one that the model was trained on.
TrainedRun open_trained_run(const RunContext& context, const std::filesystem::path& folder);

}  // namespace cellverdict
