#include <cellverdict/evaluate/unit_classifiers.h>

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/stats/neighbours.h>
#include <cellverdict/stats/perceptron.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

DenseFeatures features_of(const UnitRows& rows) {
  return {.values = rows.values, .n_features = rows.n_features};
}

// Those entries of the training side that are shown at all.
UnitTask shown_alone(const UnitTask& task) {
  UnitTask out = task;
  if (task.weight.empty() || std::ranges::all_of(task.weight, [](double w) { return w > 0; })) return out;
  UnitRows& rows = out.sides.train;
  rows = {.n_features = rows.n_features};
  out.weight.clear();
  for (std::int64_t u = 0; u < task.sides.train.size(); ++u) {
    if (task.weight[u] <= 0) continue;
    const auto row = task.sides.train.values.begin() + u * rows.n_features;
    rows.unit.push_back(task.sides.train.unit[u]);
    rows.label.push_back(task.sides.train.label[u]);
    rows.values.insert(rows.values.end(), row, row + rows.n_features);
    out.weight.push_back(task.weight[u]);
  }
  return out;
}

std::vector<double> ask_logistic(const UnitTask& task) {
  const LogisticOptions options{.class_weights = task.class_weights, .row_weights = task.weight, .threads = task.threads};
  const LogisticModel model = fit_logistic(features_of(task.sides.train), task.sides.train.label, task.n_classes, options);
  return apply_logistic(model, rows_of(features_of(task.sides.asked)), task.threads);
}

// n / (classes · n_class), as scikit-learn's "balanced", times how often each entry is shown.
std::vector<double> whole_weights(const UnitTask& task) {
  const auto& label = task.sides.train.label;
  std::vector<double> out = task.weight.empty() ? std::vector<double>(label.size(), 1) : task.weight;
  if (task.class_weights == ClassWeights::equal) return out;
  std::vector<double> n(static_cast<std::size_t>(task.n_classes));
  for (const std::int32_t c : label) ++n[c];
  const auto seen = static_cast<double>(std::ranges::count_if(n, [](double x) { return x > 0; }));
  for (std::size_t u = 0; u < out.size(); ++u) out[u] *= static_cast<double>(label.size()) / (seen * n[label[u]]);
  return out;
}

std::vector<double> ask_mlp(const UnitTask& task, const ClassifierOptions& options) {
  const std::vector<double> weights = whole_weights(task);
  const PerceptronModel model = fit_perceptron(features_of(task.sides.train), task.sides.train.label, task.n_classes,
                                               {.width = options.mlp_width,
                                                .penalty = options.mlp_penalty,
                                                .row_weights = weights,
                                                .seed = task.seed,
                                                .threads = task.threads});
  return apply_perceptron(model, features_of(task.sides.asked), task.threads);
}

// A unit that is shown twice is two neighbours: they are counted up to `neighbours`, the last one as far as it fits.
std::vector<double> ask_neighbours(const UnitTask& task, const ClassifierOptions& options) {
  const UnitRows& train = task.sides.train;
  const std::int64_t wanted = std::min(options.neighbours, train.size());
  const std::int64_t looked_at = task.weight.empty() ? wanted : train.size();
  const Neighbours found = nearest_neighbours(features_of(task.sides.asked), features_of(train),
                                              {.neighbours = looked_at, .distance = Distance::euclidean, .threads = task.threads});
  std::vector<double> out(static_cast<std::size_t>(found.n_rows * task.n_classes));
  for (std::int64_t i = 0; i < found.n_rows; ++i) {
    double room = static_cast<double>(wanted), counted_so_far = 0;
    double* const row = out.data() + i * task.n_classes;
    for (std::int64_t k = 0; k < found.n_neighbours && room > 0; ++k) {
      const std::int64_t u = found.index[i * found.n_neighbours + k];
      if (u < 0) break;
      const double share = std::min(room, task.weight.empty() ? 1.0 : task.weight[u]);
      row[train.label[u]] += share;
      room -= share;
      counted_so_far += share;
    }
    for (std::int64_t c = 0; c < task.n_classes; ++c) row[c] /= counted_so_far;
  }
  return out;
}

}  // namespace

std::vector<double> classify_units(const std::string& classifier, const UnitTask& whole, const ClassifierOptions& options) {
  UnitTask task = shown_alone(whole);
  standardise(task.sides);
  if (classifier == "logistic") return ask_logistic(task);
  if (classifier == "knn") return ask_neighbours(task, options);
  if (classifier == "mlp") return ask_mlp(task, options);
  throw InternalError({.where = "classifier of units", .found = "'" + classifier + "'", .expected = "", .advice = ""});
}

std::string classifier_in_words(const std::string& classifier, const UnitTask& task, const ClassifierOptions& options) {
  if (classifier == "knn") return counted(std::min(options.neighbours, task.sides.train.size()), "nearest neighbour");
  if (classifier == "mlp") return fmt::format("net with one hidden layer of {}", with_commas(options.mlp_width));
  return "logistic regression";
}

}  // namespace cellverdict
