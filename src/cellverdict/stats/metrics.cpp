// Metrics from plain numbers. Counts stay whole numbers until the last division, so ties and class sizes lose nothing to
// rounding; the only sums of reals are the log loss (compensated) and means over classes.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/metrics.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace cellverdict {

namespace {

void check(const ClassificationInput& in) {
  const auto n = static_cast<std::int64_t>(in.truth.size());
  const auto bug = [](const std::string& found, const std::string& expected) {
    throw InternalError({.where = "classification metrics", .found = found, .expected = expected, .advice = ""});
  };
  if (in.n_classes < 1 || static_cast<std::int64_t>(in.probability.size()) != n * in.n_classes)
    bug(std::to_string(in.probability.size()) + " probabilities",
        std::to_string(n) + " observations × " + std::to_string(in.n_classes) + " classes");
  if (in.n_classes == 2 && in.positive != 0 && in.positive != 1) bug("positive class " + std::to_string(in.positive), "0 or 1");
  for (const std::int32_t truth : in.truth)
    if (truth < 0 || truth >= in.n_classes) bug("class " + std::to_string(truth), "a class below " + std::to_string(in.n_classes));
  for (std::size_t i = 0; i < in.probability.size(); ++i)
    if (!(in.probability[i] >= 0 && in.probability[i] <= 1 + 1e-6))
      throw DataError({.where = "classification metrics",
                       .found = "a probability of " + std::to_string(in.probability[i]) + " (observation " +
                                std::to_string(i / static_cast<std::size_t>(in.n_classes)) + ")",
                       .expected = "0 to 1",
                       .advice = "the model has diverged or its input holds missing values"});
}

void refuse_nothing(const ClassificationInput& in) {
  if (in.truth.empty())
    throw DataError({.where = "classification metrics", .found = "no observations", .expected = "at least one", .advice = ""});
}

// Mean of −log(probability of the true class); Neumaier's compensated sum.
double log_loss(const ClassificationInput& in) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  double sum = 0, lost = 0;
  for (std::size_t i = 0; i < in.truth.size(); ++i) {
    const double p = in.probability[i * static_cast<std::size_t>(in.n_classes) + static_cast<std::size_t>(in.truth[i])];
    const double term = -std::log(std::clamp(p, kEpsilon, 1 - kEpsilon));
    const double next = sum + term;
    lost += std::abs(sum) >= std::abs(term) ? (sum - next) + term : (term - next) + sum;
    sum = next;
  }
  return (sum + lost) / static_cast<double>(in.truth.size());
}

std::optional<double> auc_of_class(const ClassificationInput& in, std::int64_t one) {
  std::vector<std::uint8_t> positive(in.truth.size());
  std::vector<double> scores(in.truth.size());
  for (std::size_t i = 0; i < in.truth.size(); ++i) {
    positive[i] = in.truth[i] == one;
    scores[i] = in.probability[i * static_cast<std::size_t>(in.n_classes) + static_cast<std::size_t>(one)];
  }
  return roc_auc(positive, scores);
}

// Two classes: the positive one against the other. More: each class present in truth against the rest, plain mean.
std::optional<double> auc(const ClassificationInput& in) {
  if (in.n_classes == 2) return auc_of_class(in, in.positive);
  double sum = 0;
  std::int64_t n_present = 0;
  for (std::int64_t one = 0; one < in.n_classes; ++one)
    if (const auto area = auc_of_class(in, one)) {
      sum += *area;
      ++n_present;
    }
  if (n_present == 0) return std::nullopt;
  return sum / static_cast<double>(n_present);
}

}  // namespace

std::vector<ClassScore> class_scores(const Classification& result) {
  std::vector<ClassScore> scores(static_cast<std::size_t>(result.n_classes));
  for (std::int64_t truth = 0; truth < result.n_classes; ++truth)
    for (std::int64_t predicted = 0; predicted < result.n_classes; ++predicted) {
      const std::int64_t count = result.confusion[static_cast<std::size_t>(truth * result.n_classes + predicted)];
      scores[static_cast<std::size_t>(truth)].n_true += count;
      scores[static_cast<std::size_t>(predicted)].n_predicted += count;
      if (truth == predicted) scores[static_cast<std::size_t>(truth)].n_hits = count;
    }
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  for (ClassScore& one : scores) {
    one.precision = share(one.n_hits, one.n_predicted);
    one.recall = share(one.n_hits, one.n_true);
    one.f1 = share(2 * one.n_hits, one.n_true + one.n_predicted);
  }
  return scores;
}

double macro_f1(const Classification& result) {
  double sum = 0;
  std::int64_t n_named = 0;
  for (const ClassScore& one : class_scores(result)) {
    sum += one.f1;
    n_named += one.n_true + one.n_predicted > 0;
  }
  return n_named == 0 ? 0 : sum / static_cast<double>(n_named);
}

double weighted_f1(const Classification& result) {
  double sum = 0;
  for (const ClassScore& one : class_scores(result)) sum += one.f1 * static_cast<double>(one.n_true);
  return result.n == 0 ? 0 : sum / static_cast<double>(result.n);
}

double matthews_correlation(const Classification& result) {
  // Whole numbers as doubles: exact to 9e15, that is to 9e7 observations.
  double hits = 0, products = 0, truth_squares = 0, predicted_squares = 0;
  for (const ClassScore& one : class_scores(result)) {
    const double n_true = static_cast<double>(one.n_true), n_predicted = static_cast<double>(one.n_predicted);
    hits += static_cast<double>(one.n_hits);
    products += n_true * n_predicted;
    truth_squares += n_true * n_true;
    predicted_squares += n_predicted * n_predicted;
  }
  const double n = static_cast<double>(result.n);
  const double spread = std::sqrt(n * n - truth_squares) * std::sqrt(n * n - predicted_squares);
  return spread > 0 ? (hits * n - products) / spread : 0;
}

std::vector<std::optional<double>> class_aucs(const ClassificationInput& input) {
  check(input);
  std::vector<std::optional<double>> areas;
  for (std::int64_t one = 0; one < input.n_classes; ++one) areas.push_back(auc_of_class(input, one));
  return areas;
}

double brier_score(const ClassificationInput& input) {
  check(input);
  refuse_nothing(input);
  double sum = 0;
  for (std::size_t i = 0; i < input.probability.size(); ++i) {
    const auto n_classes = static_cast<std::size_t>(input.n_classes);
    const bool is_truth = static_cast<std::size_t>(input.truth[i / n_classes]) == i % n_classes;
    const double off = input.probability[i] - (is_truth ? 1 : 0);
    sum += off * off;
  }
  return sum / static_cast<double>(input.truth.size()) / (input.n_classes == 2 ? 2 : 1);
}

double top_k_accuracy(const ClassificationInput& input, std::int64_t k) {
  check(input);
  refuse_nothing(input);
  if (k < 1)
    throw InternalError({.where = "top-k accuracy", .found = "k = " + std::to_string(k), .expected = "1 or more", .advice = ""});
  std::int64_t n_hits = 0;
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    const auto row =
        input.probability.subspan(i * static_cast<std::size_t>(input.n_classes), static_cast<std::size_t>(input.n_classes));
    const auto truth = static_cast<std::size_t>(input.truth[i]);
    std::int64_t ahead = 0;  // of equal probabilities the later class goes first, as in scikit-learn
    for (std::size_t c = 0; c < row.size(); ++c) ahead += row[c] > row[truth] || (row[c] == row[truth] && c > truth);
    n_hits += ahead < k;
  }
  return static_cast<double>(n_hits) / static_cast<double>(input.truth.size());
}

std::int32_t predicted_class(std::span<const double> row, std::int32_t positive, double threshold) {
  if (row.size() == 2) return row[static_cast<std::size_t>(positive)] >= threshold ? positive : 1 - positive;
  return static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

std::vector<std::int32_t> predicted_classes(const ClassificationInput& input) {
  check(input);
  if (!input.called.empty()) return {input.called.begin(), input.called.end()};
  std::vector<std::int32_t> predicted(input.truth.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto row =
        input.probability.subspan(i * static_cast<std::size_t>(input.n_classes), static_cast<std::size_t>(input.n_classes));
    predicted[i] = predicted_class(row, input.positive, input.threshold);
  }
  return predicted;
}

Classification classify(const ClassificationInput& input) {
  refuse_nothing(input);
  const std::vector<std::int32_t> predicted = predicted_classes(input);
  Classification result;
  result.n = static_cast<std::int64_t>(input.truth.size());
  result.n_classes = input.n_classes;
  result.confusion.assign(static_cast<std::size_t>(input.n_classes * input.n_classes), 0);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    ++result.confusion[static_cast<std::size_t>(input.truth[i] * input.n_classes + predicted[i])];

  std::int64_t n_hits = 0, n_present = 0;
  double recall_sum = 0;
  const std::vector<ClassScore> scores = class_scores(result);
  for (const ClassScore& one : scores) {
    n_hits += one.n_hits;
    recall_sum += one.recall;
    n_present += one.n_true > 0;
  }
  result.loss = log_loss(input);
  result.accuracy = static_cast<double>(n_hits) / static_cast<double>(result.n);
  result.balanced_accuracy = recall_sum / static_cast<double>(n_present);
  result.f1 = input.n_classes == 2 ? scores[static_cast<std::size_t>(input.positive)].f1 : macro_f1(result);
  result.auc = auc(input);
  return result;
}

}  // namespace cellverdict
