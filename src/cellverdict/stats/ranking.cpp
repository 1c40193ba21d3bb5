// Counts stay whole numbers until the last division, so ties and class sizes lose nothing to rounding.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/ranking.h>

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
    throw InternalError({.where = "ranking by score",
                         .found = std::to_string(positive.size()) + " labels and " + std::to_string(scores.size()) + " scores",
                         .expected = "one score a label",
                         .advice = ""});
  std::vector<std::pair<double, bool>> sorted;
  sorted.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i]))
      throw DataError({.where = "ranking by score",
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

std::vector<PrecisionRecallPoint> precision_recall_curve(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  const std::vector<Tie> ties = ties_descending(positive, scores);
  std::uint64_t n_positive = 0, hits = 0, called = 0;
  for (const Tie& tie : ties) n_positive += tie.n_positive;
  if (n_positive == 0) return {};
  std::vector<PrecisionRecallPoint> curve = {{1, 0, std::numeric_limits<double>::infinity()}};
  for (const Tie& tie : ties) {
    hits += tie.n_positive;
    called += tie.n_positive + tie.n_negative;
    curve.push_back({static_cast<double>(hits) / static_cast<double>(called),
                     static_cast<double>(hits) / static_cast<double>(n_positive), tie.score});
  }
  return curve;
}

std::optional<double> average_precision(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  const std::vector<PrecisionRecallPoint> curve = precision_recall_curve(positive, scores);
  if (curve.empty()) return std::nullopt;
  double sum = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) sum += (curve[i].recall - curve[i - 1].recall) * curve[i].precision;
  return sum;
}

}  // namespace cellverdict
