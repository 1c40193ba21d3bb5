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

// The monitored number of an epoch, larger is better. `monitor`: "validation.auc", ".loss", ".accuracy", ".balanced_accuracy",
// ".f1".
inline double monitored(const std::string& monitor, const EpochMetrics& m) {
  if (monitor == "validation.loss") return -m.loss;
  if (monitor == "validation.accuracy") return m.accuracy;
  if (monitor == "validation.balanced_accuracy") return m.balanced_accuracy;
  if (monitor == "validation.f1") return m.f1;
  return m.auc.value_or(0);
}

struct LearningCurve {
  std::string monitor;  // "validation.auc"; empty when there is no validation side
  int best_epoch = 0;   // whose weights the model holds
  std::vector<Epoch> epochs;
};

}  // namespace cellverdict
