#pragma once
// Classification metrics; each equals its scikit-learn counterpart (1.9) to 1e-9 on the same numbers.
// Numbers in, numbers out: nothing here knows what a cell or a donor is.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cellverdict {

// Scores that are not numbers are a DataError everywhere.
struct RocPoint {
  double false_positive_rate, true_positive_rate, threshold;
};

// sklearn.metrics.roc_auc_score: P(score of a positive > score of a negative), ties count half. Nothing when a class is absent.
std::optional<double> roc_auc(std::span<const std::uint8_t> positive, std::span<const double> scores);

// sklearn.metrics.roc_curve(drop_intermediate=True); first point (0, 0, inf). Empty when a class is absent.
std::vector<RocPoint> roc_curve(std::span<const std::uint8_t> positive, std::span<const double> scores);

struct Classification {
  std::int64_t n = 0;
  std::int64_t n_classes = 0;
  std::vector<std::int64_t> confusion;  // [truth, predicted], sklearn.metrics.confusion_matrix
  double loss = 0;               // sklearn.metrics.log_loss (natural logarithm, probabilities clipped to [2.2e-16, 1 - 2.2e-16])
  double accuracy = 0;           // sklearn.metrics.accuracy_score
  double balanced_accuracy = 0;  // sklearn.metrics.balanced_accuracy_score: mean recall of the classes present in truth
  double f1 = 0;              // two classes: f1_score(pos_label=positive); more: f1_score(average="macro") over classes present in
                              // truth or prediction; 0 where undefined
  std::optional<double> auc;  // two classes: roc_auc_score; more: roc_auc_score(multi_class="ovr", average="macro") over the
                              // classes present in truth; nothing when fewer than two classes are present
};

struct ClassificationInput {
  std::span<const std::int32_t> truth;  // [n] class
  std::span<const double> probability;  // [n, n_classes] row-major, rows sum to 1
  std::int64_t n_classes = 2;
  std::int32_t positive = 1;  // two classes: the one whose probability is thresholded
  double threshold = 0.5;     // two classes: predicted positive when probability >= threshold; more: the largest probability wins
  std::span<const std::int32_t> called;  // [n] predicted classes, when they come from elsewhere; empty: by the rule above
};

// Predicted class of each row under the rule above; ties go to the lower class.
// Throws DataError for a probability outside [0, 1] or not a number, InternalError when sizes or classes do not fit.
std::vector<std::int32_t> predicted_classes(const ClassificationInput& input);
// The same, and DataError when there are no observations.
Classification classify(const ClassificationInput& input);

}  // namespace cellverdict
