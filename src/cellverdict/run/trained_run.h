#pragma once
// The way back from a run folder to what stood in memory when its model was trained: cells, split and model.

#include <cellverdict/run/experiment.h>
#include <cellverdict/split/split.h>
#include <cellverdict/train/classifier.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

struct TrainedRun {
  Experiment experiment;
  Classifier classifier;
  Split split;
  std::vector<std::string> columns;  // of obs
};

// The same without the net.
struct RunCells {
  Experiment experiment;
  ModelCard card;
  Split split;
  std::vector<std::string> columns;  // of obs
};
RunCells open_run_cells(const RunContext& context, const std::filesystem::path& folder);

// `folder`: of a run with one model, of a variant, or of a fold. Throws UsageError when it holds several models, InputError when it
// holds none, its store is gone, or the split made anew is not the one that the model was trained on.
TrainedRun open_trained_run(const RunContext& context, const std::filesystem::path& folder);

// The folders below a run folder that hold a trained model (variants, folds), sorted as a person would; of a folder that holds one
// itself: ".", and the same net trained with other seeds, below or beside it. What a sweep tried is left out. Throws InputError
// when there is none.
std::vector<std::filesystem::path> trained_folders(const std::filesystem::path& run);

}  // namespace cellverdict
