#pragma once
// Logistic regression with an L2 penalty: the baseline a net has to beat. Two classes: one logit; more: softmax over all.
// Minimises what sklearn.linear_model.LogisticRegression(C, penalty l2) does, C·Σ weight·loss + ½‖w‖², intercepts not penalised,
// and gives its probabilities to 1e-4. Same bytes for any thread count. Features are neither scaled nor centred for the user: what
// is fitted on training units alone stays the caller's business. (Inside, the mean is taken out, which changes the intercept only
// and makes the search quick.)

#include <cellverdict/stats/features.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

enum class ClassWeights {
  equal,
  balanced,  // n / (n_classes · n of the class), as class_weight="balanced"
};

struct LogisticOptions {
  double c = 1;  // inverse of the penalty; > 0
  ClassWeights class_weights = ClassWeights::equal;
  std::span<const double> row_weights;  // [n_rows], > 0, times those of the classes (sample_weight); empty: one each
  // The search ends where the penalty alone guarantees that no typical row's logit is off by more than this, or where the gradient
  // comes near to rounding.
  double tolerance = 1e-5;
  int max_iterations = 5000;
  int threads = 1;
};

struct LogisticModel {
  std::int64_t n_classes = 0, n_features = 0;
  std::vector<std::int32_t> classes;  // seen in training, ascending; the others get probability 0
  std::vector<double> weights;  // [n_features, n_outputs]; one output for two classes seen (the later one's logit), else one each
  std::vector<double> intercepts;  // [n_outputs]
  double objective = 0;            // C·Σ weight·loss + ½‖w‖²
  int n_iterations = 0;
  bool converged = false;  // say so where it is not

  std::int64_t n_outputs() const { return static_cast<std::int64_t>(intercepts.size()); }
};

// truth [n_rows], classes below n_classes. Throws DataError when fewer than two classes are seen or a feature is not finite,
// InternalError for sizes, classes and options that do not fit.
LogisticModel fit_logistic(const FeatureRows& rows, std::span<const std::int32_t> truth, std::int64_t n_classes,
                           const LogisticOptions& options = {});

// The same. With more features than rows (60 units × 25,000 genes) the search runs in the space the rows span: the solution is a
// combination of rows, so their inner products are all that is needed (pivoted Cholesky of the Gram matrix).
LogisticModel fit_logistic(const DenseFeatures& features, std::span<const std::int32_t> truth, std::int64_t n_classes,
                           const LogisticOptions& options = {});

// Probabilities [n_rows, n_classes]. Throws InternalError for another number of features, DataError for a feature that is not
// finite.
std::vector<double> apply_logistic(const LogisticModel& model, const FeatureRows& rows, int threads = 1);

}  // namespace cellverdict
