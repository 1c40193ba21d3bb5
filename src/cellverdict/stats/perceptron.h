#pragma once
// A net with one hidden layer on few rows: the MLP among the simple models. It minimises what
// sklearn.neural_network.MLPClassifier(solver="lbfgs", activation="relu") does, the weighted mean of the cross-entropy
// + α·(‖W₁‖² + ‖W₂‖²) / (2·Σ weight), biases not penalised; one logistic output for two classes, softmax for more. Not convex: the
// start decides which minimum is found, so it is drawn from the seed (Glorot & Bengio 2010, as scikit-learn does). The same bytes
// for any thread count. Features are neither scaled nor centred here.

#include <cellverdict/stats/features.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct PerceptronOptions {
  std::int64_t width = 100;             // hidden units
  double penalty = 1;                   // α; >= 0
  std::span<const double> row_weights;  // [n_rows], >= 0; empty: one each
  std::uint64_t seed = 42;
  int max_iterations = 500;
  double tolerance = 1e-5;  // of the gradient's norm
  int threads = 1;          // of the inner products of the rows
};

// [n_features, width], [width], [width, n_outputs], [n_outputs], one behind the other in `parameters`.
struct PerceptronShape {
  std::int64_t n_features = 0, width = 0, n_outputs = 1;
  std::int64_t n_parameters() const { return (n_features + 1) * width + (width + 1) * n_outputs; }
};

// truth [n_rows]: 0 or 1 where there is one output, else below n_outputs.
struct PerceptronRows {
  DenseFeatures features;
  std::span<const std::int32_t> truth;
  std::span<const double> row_weights;
};
// The objective at `parameters`; writes its gradient.
double perceptron_objective(const PerceptronShape& shape, const PerceptronRows& rows, double penalty,
                            std::span<const double> parameters, std::span<double> gradient);

struct PerceptronModel {
  std::int64_t n_classes = 0;
  std::vector<std::int32_t> classes;  // seen in training with a weight, ascending; the others get probability 0
  PerceptronShape shape;
  std::vector<double> parameters;
  // Where there are more features than rows, the net lives in the space the rows span (row_span.h) and these lead there.
  std::vector<double> rows;  // [n_rows, n_features]; empty: it is of the features themselves
  std::int64_t n_features = 0;
  double objective = 0;
  int n_iterations = 0;
  bool converged = false;
};

// truth [n_rows], classes below n_classes. Throws DataError when fewer than two classes are seen or a feature is not finite.
PerceptronModel fit_perceptron(const DenseFeatures& features, std::span<const std::int32_t> truth, std::int64_t n_classes,
                               const PerceptronOptions& options = {});

// Probabilities [n_rows, n_classes].
std::vector<double> apply_perceptron(const PerceptronModel& model, const DenseFeatures& features, int threads = 1);

}  // namespace cellverdict
