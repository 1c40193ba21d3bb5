#pragma once
// A fold with its test side opened: the trained model, and what simple models of single cells, fitted once on its training side,
// say of every cell that may be asked about.

#include <cellverdict/evaluate/baselines.h>
#include <cellverdict/run/stages.h>
#include <cellverdict/train/classifier.h>

#include <string>
#include <vector>

namespace cellverdict {

struct OpenedFold {
  const FoldRun& run;
  Classifier classifier;
  Preparation preparation = {};                   // of the simple models
  CellNumbers latents = {};                       // of the model's encoder, which they keep; n = 0: it has none
  std::vector<BaselinePrediction> of_cells = {};  // those of [evaluate] baselines that a cell alone can be asked with
  bool asks_whole_side = false;                   // of_cells are of run.split.whole().test(), else of run.split.test()

  // of_cells for those cells of the test side, in its order; the whole side has to be asked for any but the split's own.
  std::vector<BaselinePrediction> of_cells_where(const std::string& where) const;
};

// Throws InputError for a model that is missing or damaged.
OpenedFold open_fold(const RunContext& context, const EvaluateOptions& options, const FoldRun& run);

}  // namespace cellverdict
