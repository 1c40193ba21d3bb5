// The objective and its gradient over rows. Sums over rows are kept per block of rows and added in order; the blocks depend on the
// number of rows alone, so the thread count changes no byte.

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/stats/logistic.h>
#include <cellverdict/stats/minimise.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace cellverdict {

namespace {

[[noreturn]] void bug(const std::string& found, const std::string& expected) {
  throw InternalError({.where = "logistic regression", .found = found, .expected = expected, .advice = ""});
}

// What the search needs to know of the labels.
struct Labels {
  std::vector<std::int32_t> classes;  // seen
  std::vector<std::size_t> of_row;    // position in classes
  std::vector<double> row_weight;     // of the rows, that of their class included
  std::size_t n_outputs = 1;
  double total = 0;  // Σ weight over rows
};

Labels labels_of(std::span<const std::int32_t> truth, std::int64_t n_classes, const LogisticOptions& options) {
  std::vector<std::int64_t> count(static_cast<std::size_t>(std::max<std::int64_t>(n_classes, 0)), 0);
  for (const std::int32_t c : truth) {
    if (c < 0 || c >= n_classes) bug("class " + std::to_string(c), "a class below " + std::to_string(n_classes));
    ++count[static_cast<std::size_t>(c)];
  }
  Labels out;
  std::vector<std::size_t> position(count.size());
  for (std::size_t c = 0; c < count.size(); ++c) {
    position[c] = out.classes.size();
    if (count[c] > 0) out.classes.push_back(static_cast<std::int32_t>(c));
  }
  if (out.classes.size() < 2)
    throw DataError({.where = "logistic regression",
                     .found = std::to_string(out.classes.size()) + " classes among " + std::to_string(truth.size()) + " rows",
                     .expected = "at least two",
                     .advice = "split so that each training side holds both"});
  std::vector<double> class_weight;
  for (const std::int32_t c : out.classes) {
    const auto n = static_cast<double>(count[static_cast<std::size_t>(c)]);
    const double balanced = static_cast<double>(truth.size()) / (static_cast<double>(out.classes.size()) * n);
    class_weight.push_back(options.class_weights == ClassWeights::balanced ? balanced : 1);
  }
  for (std::size_t i = 0; i < truth.size(); ++i) {
    out.of_row.push_back(position[static_cast<std::size_t>(truth[i])]);
    out.row_weight.push_back(class_weight[out.of_row[i]] * (options.row_weights.empty() ? 1 : options.row_weights[i]));
    out.total += out.row_weight.back();
  }
  out.n_outputs = out.classes.size() == 2 ? 1 : out.classes.size();
  return out;
}

// margins → probabilities of the classes seen: [2] from one margin, [k] from k.
void to_probabilities(std::span<const double> margins, std::span<double> probability) {
  if (margins.size() == 1) {
    const double e = std::exp(-std::abs(margins[0]));
    const double less = e / (1 + e);
    probability[0] = margins[0] > 0 ? less : 1 - less;
    probability[1] = margins[0] > 0 ? 1 - less : less;
    return;
  }
  const double most = *std::max_element(margins.begin(), margins.end());
  double sum = 0;
  for (std::size_t k = 0; k < margins.size(); ++k) sum += probability[k] = std::exp(margins[k] - most);
  for (double& p : probability) p /= sum;
}

// −log P(class), from margins: no probability is rounded to 0 first.
double loss_of(std::span<const double> margins, std::size_t truth) {
  if (margins.size() == 1) {
    const double z = truth == 1 ? -margins[0] : margins[0];
    return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
  }
  const double most = *std::max_element(margins.begin(), margins.end());
  double sum = 0;
  for (const double m : margins) sum += std::exp(m - most);
  return most + std::log(sum) - margins[truth];
}

std::int64_t n_blocks_of(std::int64_t n_rows) {
  return std::clamp<std::int64_t>(n_rows / 512, 1, 16);
}

// Calls work(block, first row, row after the last).
void for_blocks(std::int64_t n_rows, int threads, const std::function<void(std::size_t, std::int64_t, std::int64_t)>& work) {
  const std::int64_t n_blocks = n_blocks_of(n_rows);
  parallel_for(n_blocks, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      work(static_cast<std::size_t>(b), n_rows * b / n_blocks, n_rows * (b + 1) / n_blocks);
  });
}

std::vector<double> added(std::vector<std::vector<double>>& parts) {
  std::vector<double> sum = std::move(parts.front());
  for (std::size_t b = 1; b < parts.size(); ++b)
    std::transform(sum.begin(), sum.end(), parts[b].begin(), sum.begin(), std::plus<>());
  return sum;
}

std::vector<double> mean_row(const FeatureRows& rows, int threads) {
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(n_blocks_of(rows.n_rows)));
  for_blocks(rows.n_rows, threads, [&](std::size_t block, std::int64_t begin, std::int64_t end) {
    parts[block].assign(static_cast<std::size_t>(rows.n_features), 0);
    const double one = 1;
    for (std::int64_t row = begin; row < end; ++row) rows.add(row, std::span(&one, 1), parts[block]);
  });
  std::vector<double> mean = added(parts);
  for (double& m : mean) m /= static_cast<double>(rows.n_rows);
  return mean;
}

// Mean weighted loss + ‖w‖² / (2 C total): the objective over C · total, so that its size depends on neither.
class Objective {
 public:
  Objective(const FeatureRows& rows, const Labels& labels, const LogisticOptions& options)
      : rows_(rows), labels_(labels), options_(options), mean_(mean_row(rows, options.threads)) {}

  const std::vector<double>& mean() const { return mean_; }

  // x: weights [n_features, n_outputs] for centred features, then intercepts [n_outputs].
  double operator()(std::span<const double> x, std::span<double> gradient) const {
    const std::size_t n_outputs = labels_.n_outputs, n_weights = mean_.size() * n_outputs;
    const auto weights = x.first(n_weights);
    std::vector<double> offset(x.begin() + static_cast<std::ptrdiff_t>(n_weights), x.end());
    for (std::size_t f = 0; f < mean_.size(); ++f)
      for (std::size_t k = 0; k < n_outputs; ++k) offset[k] -= mean_[f] * weights[f * n_outputs + k];

    const auto n_blocks = static_cast<std::size_t>(n_blocks_of(rows_.n_rows));
    std::vector<std::vector<double>> parts(n_blocks);  // each [n_features, n_outputs], then [n_outputs] sums of the residuals
    std::vector<double> losses(n_blocks, 0);
    for_blocks(rows_.n_rows, options_.threads, [&](std::size_t block, std::int64_t begin, std::int64_t end) {
      losses[block] = add_rows(weights, offset, parts[block], begin, end);
    });
    const std::vector<double> sums = added(parts);
    const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);

    const double penalty = 1 / (options_.c * labels_.total);
    double squares = 0;
    for (std::size_t i = 0; i < n_weights; ++i) {
      const double residual = sums[n_weights + i % n_outputs];
      gradient[i] = (sums[i] - mean_[i / n_outputs] * residual) / labels_.total + penalty * x[i];
      squares += x[i] * x[i];
    }
    for (std::size_t k = 0; k < n_outputs; ++k) gradient[n_weights + k] = sums[n_weights + k] / labels_.total;
    return loss / labels_.total + 0.5 * penalty * squares;
  }

 private:
  double add_rows(std::span<const double> weights, std::span<const double> offset, std::vector<double>& sums, std::int64_t begin,
                  std::int64_t end) const {
    const std::size_t n_outputs = labels_.n_outputs;
    sums.assign(weights.size() + n_outputs, 0);
    const auto of_features = std::span(sums).first(weights.size()), of_intercepts = std::span(sums).subspan(weights.size());
    std::vector<double> margins(n_outputs), probability(labels_.classes.size()), residual(n_outputs);
    double loss = 0;
    for (std::int64_t row = begin; row < end; ++row) {
      std::copy(offset.begin(), offset.end(), margins.begin());
      rows_.dot(row, weights, margins);
      const std::size_t truth = labels_.of_row[static_cast<std::size_t>(row)];
      const double weight = labels_.row_weight[static_cast<std::size_t>(row)];
      loss += weight * loss_of(margins, truth);
      to_probabilities(margins, probability);
      probability[truth] -= 1;
      for (std::size_t k = 0; k < n_outputs; ++k) {
        residual[k] = weight * probability[n_outputs == 1 ? 1 : k];
        of_intercepts[k] += residual[k];
      }
      rows_.add(row, residual, of_features);
    }
    return loss;
  }

  const FeatureRows& rows_;
  const Labels& labels_;
  const LogisticOptions& options_;
  std::vector<double> mean_;
};

// √ of the mean squared length of a centred row, over up to 256 rows.
double typical_length(const FeatureRows& rows, const std::vector<double>& mean) {
  double squares = 0;
  std::vector<double> laid_out(mean.size());
  const double one = 1;
  const std::int64_t n = std::min<std::int64_t>(rows.n_rows, 256), step = rows.n_rows / n;
  for (std::int64_t i = 0; i < n; ++i) {
    std::transform(mean.begin(), mean.end(), laid_out.begin(), std::negate<>());
    rows.add(i * step, std::span(&one, 1), laid_out);
    squares += std::inner_product(laid_out.begin(), laid_out.end(), laid_out.begin(), 0.0);
  }
  return std::sqrt(squares / static_cast<double>(n));
}

// The objective is at least ‖w − best‖² / (2 C total) above its minimum, so a gradient g leaves ‖w − best‖ <= C total ‖g‖.
double gradient_tolerance(double length, const Labels& labels, const LogisticOptions& options) {
  constexpr double kNearRounding = 1e-12, kNeverMoreThan = 1e-7;
  if (length == 0) return kNearRounding;
  return length * std::clamp(options.tolerance / (options.c * labels.total * length * length), kNearRounding, kNeverMoreThan);
}

}  // namespace

LogisticModel fit_logistic(const FeatureRows& rows, std::span<const std::int32_t> truth, std::int64_t n_classes,
                           const LogisticOptions& options) {
  if (!(options.c > 0) || !(options.tolerance > 0)) bug("C = " + std::to_string(options.c), "positive numbers");
  if (static_cast<std::int64_t>(truth.size()) != rows.n_rows)
    bug(std::to_string(truth.size()) + " labels for " + std::to_string(rows.n_rows) + " rows", "one a row");
  if (!options.row_weights.empty() &&
      (options.row_weights.size() != truth.size() ||
       !std::all_of(options.row_weights.begin(), options.row_weights.end(), [](double w) { return w > 0 && std::isfinite(w); })))
    bug("weights that do not fit", "one above 0 for each row");
  const Labels labels = labels_of(truth, n_classes, options);
  const Objective objective(rows, labels, options);
  const double length = typical_length(rows, objective.mean());
  if (!std::isfinite(length) ||
      !std::all_of(objective.mean().begin(), objective.mean().end(), [](double m) { return std::isfinite(m); }))
    throw DataError({.where = "logistic regression",
                     .found = "a feature that is not finite",
                     .expected = "numbers",
                     .advice = "the input holds missing or infinite values"});

  const std::size_t n_outputs = labels.n_outputs, n_weights = objective.mean().size() * n_outputs;
  const Minimum found =
      minimise([&](std::span<const double> x, std::span<double> gradient) { return objective(x, gradient); },
               std::vector<double>(n_weights + n_outputs, 0),
               {.tolerance = gradient_tolerance(length, labels, options), .max_iterations = options.max_iterations});
  LogisticModel model{.n_classes = n_classes, .n_features = rows.n_features, .classes = labels.classes};
  model.weights.assign(found.x.begin(), found.x.begin() + static_cast<std::ptrdiff_t>(n_weights));
  model.intercepts.assign(found.x.begin() + static_cast<std::ptrdiff_t>(n_weights), found.x.end());
  for (std::size_t i = 0; i < n_weights; ++i) model.intercepts[i % n_outputs] -= objective.mean()[i / n_outputs] * model.weights[i];
  model.objective = found.value * options.c * labels.total;
  model.n_iterations = found.n_iterations;
  model.converged = found.converged;
  return model;
}

std::vector<double> apply_logistic(const LogisticModel& model, const FeatureRows& rows, int threads) {
  if (rows.n_features != model.n_features)
    bug(std::to_string(rows.n_features) + " features", std::to_string(model.n_features) + ", as the model has");
  std::vector<double> out(static_cast<std::size_t>(rows.n_rows * model.n_classes), 0);
  parallel_for(rows.n_rows, threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> margins(model.intercepts.size()), probability(model.classes.size());
    for (std::int64_t row = begin; row < end; ++row) {
      margins = model.intercepts;
      rows.dot(row, model.weights, margins);
      if (!std::all_of(margins.begin(), margins.end(), [](double m) { return std::isfinite(m); }))
        throw DataError({.where = "logistic regression",
                         .found = "a feature that is not finite (row " + std::to_string(row) + ")",
                         .expected = "numbers",
                         .advice = "the input holds missing or infinite values"});
      to_probabilities(margins, probability);
      for (std::size_t k = 0; k < probability.size(); ++k)
        out[static_cast<std::size_t>(row * model.n_classes + model.classes[k])] = probability[k];
    }
  });
  return out;
}

}  // namespace cellverdict
