#pragma once
// What training said of itself, epoch by epoch.

#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Metrics of one side of the split after an epoch; loss is the combined objective, the rest is of the label's head, over cells.
struct EpochMetrics {
  double loss = 0;
  double accuracy = 0;
  double balanced_accuracy = 0;
  double f1 = 0;
  std::optional<double> auc;
};

struct Epoch {
  int number = 0;                          // from 1
  EpochMetrics train;                      // means over the epoch's minibatches, dropout on
  std::optional<EpochMetrics> validation;  // whole validation side, dropout off
  double seconds = 0;
};

struct LearningCurve {
  std::string monitor;  // "validation.auc"; empty when there is no validation side
  int best_epoch = 0;   // whose weights the model holds
  std::vector<Epoch> epochs;
};

}  // namespace cellverdict
