#pragma once
// Classification metrics; each equals its scikit-learn counterpart (1.9) to 1e-9 on the same numbers.
// Numbers in, numbers out: nothing here knows what a cell or a donor is.

#include <cellverdict/stats/ranking.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cellverdict {

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

// Of one row of probabilities, under the rule above; positive and threshold matter for two classes alone.
std::int32_t predicted_class(std::span<const double> row, std::int32_t positive, double threshold);
// Predicted class of each row under the rule above; ties go to the lower class.
// Throws DataError for a probability outside [0, 1] or not a number, InternalError when sizes or classes do not fit.
std::vector<std::int32_t> predicted_classes(const ClassificationInput& input);
// The same, and DataError when there are no observations.
Classification classify(const ClassificationInput& input);

// One class against the rest, at the calls made.
struct ClassScore {
  std::int64_t n_true = 0, n_predicted = 0, n_hits = 0;
  double precision = 0, recall = 0, f1 = 0;  // sklearn.metrics.precision_recall_fscore_support(average=None); 0 where undefined
};

// From the confusion matrix of a classification; [n_classes].
std::vector<ClassScore> class_scores(const Classification& result);
// sklearn.metrics.f1_score(average="macro"): over the classes in truth or prediction.
double macro_f1(const Classification& result);
// sklearn.metrics.f1_score(average="weighted"): weighted by how often a class is true.
double weighted_f1(const Classification& result);
// sklearn.metrics.matthews_corrcoef; 0 where truth or prediction is one class.
double matthews_correlation(const Classification& result);

// From the probabilities; errors as classify.
// roc_auc_score of each class against the rest, [n_classes]; nothing where truth holds that class alone or not at all.
std::vector<std::optional<double>> class_aucs(const ClassificationInput& input);
// sklearn.metrics.brier_score_loss: Σ over classes of (probability − truth)², mean over observations (0 to 2); two classes: half of
// that (0 to 1), the squared error of the positive's probability.
double brier_score(const ClassificationInput& input);
// sklearn.metrics.top_k_accuracy_score for three classes and more: share of observations whose class is among the k most probable;
// of equal probabilities the later class comes first, as there. 1 where k covers all classes. k >= 1, else InternalError.
double top_k_accuracy(const ClassificationInput& input, std::int64_t k);

}  // namespace cellverdict
