#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/minimise.h>
#include <cellverdict/stats/perceptron.h>
#include <cellverdict/stats/row_span.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

namespace {

[[noreturn]] void bug(const std::string& found, const std::string& expected) {
  throw InternalError({.where = "net with one hidden layer", .found = found, .expected = expected, .advice = ""});
}

// Views of one vector of parameters (or of its gradient).
template <class Number>
struct Parts {
  Parts(const PerceptronShape& shape, std::span<Number> all) {
    const auto inputs = static_cast<std::size_t>(shape.n_features), width = static_cast<std::size_t>(shape.width),
               outputs = static_cast<std::size_t>(shape.n_outputs);
    hidden = all.first(inputs * width);
    hidden_bias = all.subspan(inputs * width, width);
    output = all.subspan((inputs + 1) * width, width * outputs);
    output_bias = all.subspan((inputs + 1) * width + width * outputs, outputs);
  }
  std::span<Number> hidden, hidden_bias, output, output_bias;
};

// What one row becomes on its way: a [width] after ReLU, z [n_outputs].
struct Signals {
  std::vector<double> a, z;
};

void forward(const Parts<const double>& net, std::span<const double> x, Signals& out) {
  const std::size_t width = net.hidden_bias.size(), n_outputs = net.output_bias.size();
  out.a.assign(net.hidden_bias.begin(), net.hidden_bias.end());
  for (std::size_t f = 0; f < x.size(); ++f) {
    const double* const weights = net.hidden.data() + f * width;
    for (std::size_t h = 0; h < width; ++h) out.a[h] += x[f] * weights[h];
  }
  for (double& a : out.a) a = std::max(a, 0.0);
  out.z.assign(net.output_bias.begin(), net.output_bias.end());
  for (std::size_t h = 0; h < width; ++h)
    for (std::size_t k = 0; k < n_outputs; ++k) out.z[k] += out.a[h] * net.output[h * n_outputs + k];
}

// Logits become probabilities: of one output that of the second class, else of each.
void to_probabilities(std::vector<double>& z) {
  if (z.size() == 1) {
    const double e = std::exp(-std::abs(z[0]));
    z[0] = z[0] > 0 ? 1 / (1 + e) : e / (1 + e);
    return;
  }
  const double most = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (double& value : z) sum += value = std::exp(value - most);
  for (double& value : z) value /= sum;
}

// −log P(truth), from logits: no probability is rounded to 0 first.
double loss_of(const std::vector<double>& z, std::int32_t truth) {
  if (z.size() == 1) {
    const double towards = truth == 1 ? -z[0] : z[0];
    return std::max(towards, 0.0) + std::log1p(std::exp(-std::abs(z[0])));
  }
  const double most = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (const double value : z) sum += std::exp(value - most);
  return most + std::log(sum) - z[static_cast<std::size_t>(truth)];
}

// Logits become ∂loss/∂logits.
void to_slopes(std::vector<double>& z, std::int32_t truth) {
  to_probabilities(z);
  if (z.size() == 1) {
    z[0] -= truth;
  } else {
    z[static_cast<std::size_t>(truth)] -= 1;
  }
}

// Adds weight · ∂loss/∂parameters of one row, whose z is ∂loss/∂logits now; `back` is scratch.
void backward(const Parts<const double>& net, std::span<const double> x, const Signals& signals, double weight,
              std::vector<double>& back, const Parts<double>& gradient) {
  const std::size_t width = net.hidden_bias.size(), n_outputs = net.output_bias.size();
  back.assign(width, 0);
  for (std::size_t k = 0; k < n_outputs; ++k) gradient.output_bias[k] += weight * signals.z[k];
  for (std::size_t h = 0; h < width; ++h) {
    if (signals.a[h] <= 0) continue;
    for (std::size_t k = 0; k < n_outputs; ++k) {
      gradient.output[h * n_outputs + k] += weight * signals.a[h] * signals.z[k];
      back[h] += weight * signals.z[k] * net.output[h * n_outputs + k];
    }
    gradient.hidden_bias[h] += back[h];
  }
  for (std::size_t f = 0; f < x.size(); ++f) {
    double* const sums = gradient.hidden.data() + f * width;
    for (std::size_t h = 0; h < width; ++h) sums[h] += x[f] * back[h];
  }
}

std::vector<double> drawn_start(const PerceptronShape& shape, std::int64_t n_inputs, std::uint64_t seed) {
  std::vector<double> start(static_cast<std::size_t>(shape.n_parameters()));
  Random random(seed, "net with one hidden layer");
  const Parts<double> net(shape, start);
  const auto draw = [&](std::span<double> weights, std::int64_t from, std::int64_t to) {
    const double bound = std::sqrt(6.0 / static_cast<double>(from + to));
    for (double& w : weights) w = bound * (2 * random.uniform() - 1);
  };
  draw(net.hidden, n_inputs, shape.width);
  draw(net.hidden_bias, n_inputs, shape.width);
  draw(net.output, shape.width, shape.n_outputs);
  draw(net.output_bias, shape.width, shape.n_outputs);
  return start;
}

struct SeenClasses {
  std::vector<std::int32_t> classes;  // with a weight, ascending
  std::vector<std::int32_t> of_row;   // position in classes; 0 for rows without a weight
};

SeenClasses seen_classes(std::span<const std::int32_t> truth, std::int64_t n_classes, std::span<const double> weights) {
  std::vector<bool> seen(static_cast<std::size_t>(n_classes));
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0 || truth[i] >= n_classes)
      bug("class " + std::to_string(truth[i]), "a class below " + std::to_string(n_classes));
    if (weights.empty() || weights[i] > 0) seen[static_cast<std::size_t>(truth[i])] = true;
  }
  SeenClasses out;
  std::vector<std::int32_t> position(seen.size());
  for (std::size_t c = 0; c < seen.size(); ++c) {
    if (!seen[c]) continue;
    position[c] = static_cast<std::int32_t>(out.classes.size());
    out.classes.push_back(static_cast<std::int32_t>(c));
  }
  for (const std::int32_t c : truth) out.of_row.push_back(position[static_cast<std::size_t>(c)]);
  if (out.classes.size() < 2)
    throw DataError({.where = "net with one hidden layer",
                     .found = std::to_string(out.classes.size()) + " classes among " + std::to_string(truth.size()) + " rows",
                     .expected = "at least two",
                     .advice = "split so that each training side holds both"});
  return out;
}

void refuse_gaps(std::span<const double> values) {
  if (std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); })) return;
  throw DataError({.where = "net with one hidden layer",
                   .found = "a feature that is not finite",
                   .expected = "numbers",
                   .advice = "the input holds missing or infinite values"});
}

}  // namespace

double perceptron_objective(const PerceptronShape& shape, const PerceptronRows& rows, double penalty,
                            std::span<const double> parameters, std::span<double> gradient) {
  const Parts<const double> net(shape, parameters);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  const Parts<double> slopes(shape, gradient);
  const auto n_features = static_cast<std::size_t>(shape.n_features);
  Signals signals;
  std::vector<double> back;
  double loss = 0, total = 0;
  for (std::size_t i = 0; i < rows.truth.size(); ++i) {
    const double weight = rows.row_weights.empty() ? 1 : rows.row_weights[i];
    if (weight == 0) continue;
    const auto x = rows.features.values.subspan(i * n_features, n_features);
    forward(net, x, signals);
    loss += weight * loss_of(signals.z, rows.truth[i]);
    total += weight;
    to_slopes(signals.z, rows.truth[i]);
    backward(net, x, signals, weight, back, slopes);
  }
  double squares = 0;
  for (double& slope : gradient) slope /= total;
  for (const auto& [weights, of] : {std::pair(net.hidden, slopes.hidden), std::pair(net.output, slopes.output)})
    for (std::size_t i = 0; i < weights.size(); ++i) {
      of[i] += penalty * weights[i] / total;
      squares += weights[i] * weights[i];
    }
  return loss / total + 0.5 * penalty * squares / total;
}

PerceptronModel fit_perceptron(const DenseFeatures& features, std::span<const std::int32_t> truth, std::int64_t n_classes,
                               const PerceptronOptions& options) {
  const auto n_rows = static_cast<std::int64_t>(truth.size());
  if (features.n_features < 1 || std::ssize(features.values) != n_rows * features.n_features ||
      (!options.row_weights.empty() && std::ssize(options.row_weights) != n_rows) || options.width < 1)
    bug(std::to_string(features.values.size()) + " values for " + std::to_string(n_rows) + " rows",
        "rows, labels and weights alike");
  refuse_gaps(features.values);
  const SeenClasses seen = seen_classes(truth, n_classes, options.row_weights);
  PerceptronModel model{.n_classes = n_classes, .classes = seen.classes, .n_features = features.n_features};

  RowCoordinates span;
  DenseFeatures fitted = features;
  if (features.n_features > n_rows && n_rows <= kMostRowsForSpan) {
    span = row_coordinates(features, options.threads);
    if (span.rank() > 0) {
      model.rows.assign(features.values.begin(), features.values.end());
      fitted = {.values = span.values, .n_features = static_cast<std::int64_t>(span.rank())};
    }
  }
  model.shape = {.n_features = fitted.n_features,
                 .width = options.width,
                 .n_outputs = seen.classes.size() == 2 ? 1 : std::ssize(seen.classes)};
  const PerceptronRows rows{.features = fitted, .truth = seen.of_row, .row_weights = options.row_weights};
  Minimum found =
      minimise([&](std::span<const double> x,
                   std::span<double> gradient) { return perceptron_objective(model.shape, rows, options.penalty, x, gradient); },
               drawn_start(model.shape, features.n_features, options.seed),
               {.tolerance = options.tolerance, .max_iterations = options.max_iterations, .memory = 10});
  model.parameters = std::move(found.x);
  model.objective = found.value;
  model.n_iterations = found.n_iterations;
  model.converged = found.converged;
  return model;
}

std::vector<double> apply_perceptron(const PerceptronModel& model, const DenseFeatures& features, int threads) {
  if (features.n_features != model.n_features)
    bug(std::to_string(features.n_features) + " features", std::to_string(model.n_features) + ", as the model has");
  refuse_gaps(features.values);
  const auto n_rows = features.values.size() / static_cast<std::size_t>(features.n_features);
  std::vector<double> in_span;
  DenseFeatures x = features;
  if (!model.rows.empty()) {
    const DenseFeatures rows{.values = model.rows, .n_features = model.n_features};
    in_span = coordinates_in_span(row_coordinates(rows, threads), rows, features, threads);
    x = {.values = in_span, .n_features = model.shape.n_features};
  }
  const Parts<const double> net(model.shape, model.parameters);
  std::vector<double> out(n_rows * static_cast<std::size_t>(model.n_classes), 0);
  Signals signals;
  const auto width = static_cast<std::size_t>(x.n_features);
  for (std::size_t i = 0; i < n_rows; ++i) {
    forward(net, x.values.subspan(i * width, width), signals);
    double* const row = out.data() + i * static_cast<std::size_t>(model.n_classes);
    to_probabilities(signals.z);
    if (signals.z.size() == 1) {
      row[model.classes[1]] = signals.z[0];
      row[model.classes[0]] = 1 - signals.z[0];
      continue;
    }
    for (std::size_t k = 0; k < signals.z.size(); ++k) row[model.classes[k]] = signals.z[k];
  }
  return out;
}

}  // namespace cellverdict
