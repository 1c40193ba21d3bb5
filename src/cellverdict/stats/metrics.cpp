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

// Observations that share one score.
struct Tie {
  double score = 0;
  std::uint64_t n_positive = 0, n_negative = 0;
};

// Distinct scores, greatest first.
std::vector<Tie> ties_descending(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  if (positive.size() != scores.size())
    throw InternalError({.where = "ROC curve",
                         .found = std::to_string(positive.size()) + " labels and " + std::to_string(scores.size()) + " scores",
                         .expected = "one score a label",
                         .advice = ""});
  std::vector<std::pair<double, bool>> sorted;
  sorted.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i]))
      throw DataError({.where = "ROC curve",
                       .found = "a score that is not a number (observation " + std::to_string(i) + ")",
                       .expected = "numbers",
                       .advice = "the model has diverged or its input holds missing values"});
    sorted.emplace_back(scores[i], positive[i] != 0);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Tie> ties;
  for (const auto& [score, is_positive] : sorted) {
    if (ties.empty() || ties.back().score != score) ties.push_back({.score = score});
    ++(is_positive ? ties.back().n_positive : ties.back().n_negative);
  }
  return ties;
}

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

// What the confusion matrix says of one class.
struct ClassCounts {
  std::int64_t hits = 0, n_true = 0, n_predicted = 0;

  double f1() const {
    return n_true + n_predicted == 0 ? 0 : 2 * static_cast<double>(hits) / static_cast<double>(n_true + n_predicted);
  }
};

ClassCounts counts_of_class(const Classification& result, std::int64_t one) {
  ClassCounts counts;
  counts.hits = result.confusion[static_cast<std::size_t>(one * result.n_classes + one)];
  for (std::int64_t other = 0; other < result.n_classes; ++other) {
    counts.n_true += result.confusion[static_cast<std::size_t>(one * result.n_classes + other)];
    counts.n_predicted += result.confusion[static_cast<std::size_t>(other * result.n_classes + one)];
  }
  return counts;
}

}  // namespace

std::optional<double> roc_auc(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  // Twice the number of (positive, negative) pairs that are in the right order, a tie counting one. Exact up to 4e9 scores.
  std::uint64_t twice_won = 0, n_positive = 0, n_negative = 0;
  for (const Tie& tie : ties_descending(positive, scores)) {
    twice_won += tie.n_negative * (2 * n_positive + tie.n_positive);
    n_positive += tie.n_positive;
    n_negative += tie.n_negative;
  }
  if (n_positive == 0 || n_negative == 0) return std::nullopt;
  return static_cast<double>(twice_won) / (2 * static_cast<double>(n_positive) * static_cast<double>(n_negative));
}

std::vector<RocPoint> roc_curve(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  const std::vector<Tie> ties = ties_descending(positive, scores);
  std::uint64_t n_positive = 0, n_negative = 0;
  for (const Tie& tie : ties) {
    n_positive += tie.n_positive;
    n_negative += tie.n_negative;
  }
  if (n_positive == 0 || n_negative == 0) return {};
  std::vector<RocPoint> curve = {{0, 0, std::numeric_limits<double>::infinity()}};
  std::uint64_t hits = 0, false_alarms = 0;
  for (std::size_t i = 0; i < ties.size(); ++i) {
    hits += ties[i].n_positive;
    false_alarms += ties[i].n_negative;
    // A point whose two steps are equal lies on the line between its neighbours and is left out; the first and last stay.
    const bool corner = i == 0 || i + 1 == ties.size() || ties[i].n_positive != ties[i + 1].n_positive ||
                        ties[i].n_negative != ties[i + 1].n_negative;
    if (corner)
      curve.push_back({static_cast<double>(false_alarms) / static_cast<double>(n_negative),
                       static_cast<double>(hits) / static_cast<double>(n_positive), ties[i].score});
  }
  return curve;
}

std::vector<std::int32_t> predicted_classes(const ClassificationInput& input) {
  check(input);
  if (!input.called.empty()) return {input.called.begin(), input.called.end()};
  std::vector<std::int32_t> predicted(input.truth.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto row =
        input.probability.subspan(i * static_cast<std::size_t>(input.n_classes), static_cast<std::size_t>(input.n_classes));
    if (input.n_classes == 2) {
      predicted[i] = row[static_cast<std::size_t>(input.positive)] >= input.threshold ? input.positive : 1 - input.positive;
    } else {
      predicted[i] = static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
    }
  }
  return predicted;
}

Classification classify(const ClassificationInput& input) {
  if (input.truth.empty())
    throw DataError({.where = "classification metrics", .found = "no observations", .expected = "at least one", .advice = ""});
  const std::vector<std::int32_t> predicted = predicted_classes(input);
  Classification result;
  result.n = static_cast<std::int64_t>(input.truth.size());
  result.n_classes = input.n_classes;
  result.confusion.assign(static_cast<std::size_t>(input.n_classes * input.n_classes), 0);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    ++result.confusion[static_cast<std::size_t>(input.truth[i] * input.n_classes + predicted[i])];

  std::int64_t n_hits = 0, n_present = 0, n_named = 0;
  double recall_sum = 0, f1_sum = 0;
  for (std::int64_t one = 0; one < input.n_classes; ++one) {
    const ClassCounts counts = counts_of_class(result, one);
    n_hits += counts.hits;
    f1_sum += counts.f1();
    if (counts.n_true + counts.n_predicted > 0) ++n_named;
    if (counts.n_true == 0) continue;
    ++n_present;
    recall_sum += static_cast<double>(counts.hits) / static_cast<double>(counts.n_true);
  }
  result.loss = log_loss(input);
  result.accuracy = static_cast<double>(n_hits) / static_cast<double>(result.n);
  result.balanced_accuracy = recall_sum / static_cast<double>(n_present);
  result.f1 = input.n_classes == 2 ? counts_of_class(result, input.positive).f1() : f1_sum / static_cast<double>(n_named);
  result.auc = auc(input);
  return result;
}

}  // namespace cellverdict
