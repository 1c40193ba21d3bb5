#include <cellverdict/base/error.h>
#include <cellverdict/stats/leave_pair_out.h>
#include <cellverdict/stats/ranking.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

std::vector<HeldOutPair> pairs_to_hold_out(std::span<const std::uint8_t> positive) {
  std::vector<HeldOutPair> pairs;
  for (std::size_t p = 0; p < positive.size(); ++p)
    for (std::size_t n = 0; n < positive.size(); ++n)
      if (positive[p] != 0 && positive[n] == 0)
        pairs.push_back({.positive = static_cast<std::int64_t>(p), .negative = static_cast<std::int64_t>(n)});
  return pairs;
}

std::optional<double> leave_pair_out_auc(std::span<const ScoredPair> pairs) {
  if (pairs.empty()) return std::nullopt;
  std::int64_t twice_won = 0;
  for (const ScoredPair& pair : pairs) {
    if (std::isnan(pair.positive) || std::isnan(pair.negative))
      throw DataError({.where = "leave-pair-out AUC",
                       .found = "a score that is not a number",
                       .expected = "numbers",
                       .advice = "the model has diverged or its input holds missing values"});
    twice_won += pair.positive > pair.negative ? 2 : (pair.positive == pair.negative ? 1 : 0);
  }
  return static_cast<double>(twice_won) / (2 * static_cast<double>(pairs.size()));
}

FoldAucs auc_over_folds(const ScoredFolds& folds) {
  const std::size_t n = folds.scores.size();
  if (folds.positive.size() != n || folds.fold.size() != n ||
      std::any_of(folds.fold.begin(), folds.fold.end(), [](std::int32_t f) { return f < 0; }))
    throw InternalError({.where = "AUC over folds",
                         .found = std::to_string(folds.positive.size()) + " labels, " + std::to_string(n) + " scores, " +
                                  std::to_string(folds.fold.size()) + " folds",
                         .expected = "one of each, folds from 0",
                         .advice = ""});
  FoldAucs out;
  const std::int32_t n_folds = n == 0 ? 0 : *std::max_element(folds.fold.begin(), folds.fold.end()) + 1;
  std::vector<std::vector<std::uint8_t>> positive(static_cast<std::size_t>(n_folds));
  std::vector<std::vector<double>> scores(static_cast<std::size_t>(n_folds));
  for (std::size_t i = 0; i < n; ++i) {
    positive[static_cast<std::size_t>(folds.fold[i])].push_back(folds.positive[i]);
    scores[static_cast<std::size_t>(folds.fold[i])].push_back(folds.scores[i]);
  }
  for (std::size_t f = 0; f < scores.size(); ++f) {
    out.of_fold.push_back(roc_auc(positive[f], scores[f]));
    if (out.of_fold.back()) {
      ++out.n_used;
    } else if (!scores[f].empty()) {
      ++out.n_left_out;
    }
  }
  out.mean = mean_over_folds(out.of_fold);
  return out;
}

std::optional<double> mean_over_folds(std::span<const std::optional<double>> of_fold) {
  double sum = 0;
  std::int64_t n = 0;
  for (const auto& value : of_fold)
    if (value) {
      sum += *value;
      ++n;
    }
  return n == 0 ? std::nullopt : std::optional(sum / static_cast<double>(n));
}

}  // namespace cellverdict
