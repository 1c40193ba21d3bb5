// The AUC of cross-validation: what pooling does to a model without knowledge, and what comparing within a model does not.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/leave_pair_out.h>
#include <cellverdict/stats/ranking.h>
#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace cellverdict;

namespace {

// A "model" of the training units' feature: the slope of label on feature, and the mean label; scores one unit.
double score_of_mean_difference(const std::vector<double>& x, const std::vector<std::uint8_t>& y, std::int64_t left,
                                std::int64_t other, std::size_t unit) {
  double sum[2] = {0, 0}, n[2] = {0, 0};
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (static_cast<std::int64_t>(i) == left || static_cast<std::int64_t>(i) == other) continue;
    sum[y[i]] += x[i];
    n[y[i]] += 1;
  }
  return (sum[1] / n[1] - sum[0] / n[0]) * (x[unit] - (sum[0] + sum[1]) / (n[0] + n[1])) + n[1] / (n[0] + n[1]);
}

}  // namespace

TEST_CASE("on noise pooled leave-one-out falls below one half, leave-pair-out does not") {
  double pooled = 0, pairwise = 0;
  constexpr int kStudies = 300;
  for (std::uint64_t study = 0; study < kStudies; ++study) {
    Random random(4, "noise", "", study);
    std::vector<double> x(12);
    std::vector<std::uint8_t> y(12);
    for (std::size_t i = 0; i < 12; ++i) {
      x[i] = random.uniform();
      y[i] = i % 2;
    }
    std::vector<double> alone(12);
    for (std::size_t i = 0; i < 12; ++i) alone[i] = score_of_mean_difference(x, y, static_cast<std::int64_t>(i), -1, i);
    pooled += *roc_auc(y, alone) / kStudies;
    std::vector<ScoredPair> scored;
    for (const auto& [positive, negative] : pairs_to_hold_out(y))
      scored.push_back({score_of_mean_difference(x, y, positive, negative, static_cast<std::size_t>(positive)),
                        score_of_mean_difference(x, y, positive, negative, static_cast<std::size_t>(negative))});
    CHECK(scored.size() == 36);
    pairwise += *leave_pair_out_auc(scored) / kStudies;
  }
  CHECK(pooled < 0.3);
  CHECK(pairwise == doctest::Approx(0.5).epsilon(0.1));
}

TEST_CASE("pairs are all of one positive and one negative unit; a tie is half a win") {
  const std::vector<std::uint8_t> positive = {1, 0, 1};
  const auto pairs = pairs_to_hold_out(positive);
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].positive == 0);
  CHECK(pairs[0].negative == 1);
  CHECK(pairs[1].positive == 2);
  CHECK(pairs_to_hold_out(std::vector<std::uint8_t>{1, 1}).empty());
  CHECK(*leave_pair_out_auc(std::vector<ScoredPair>{{0.4, 0.2}, {0.3, 0.3}, {0.1, 0.9}, {5, 2}}) == 0.625);
  CHECK_FALSE(leave_pair_out_auc({}));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(leave_pair_out_auc(std::vector<ScoredPair>{{nan, 0.2}}), DataError);
}

TEST_CASE("folds are compared within themselves, and a fold of one class is left out and counted") {
  // Fold 1 scores everyone higher; pooled that would look like a mistake.
  const std::vector<std::uint8_t> positive = {1, 0, 1, 0, 1, 1, 0, 0};
  const std::vector<double> scores = {0.2, 0.1, 0.9, 0.8, 0.5, 0.6, 0.3, 0.3};
  const std::vector<std::int32_t> fold = {0, 0, 1, 1, 2, 2, 4, 4};
  const FoldAucs result = auc_over_folds({.positive = positive, .scores = scores, .fold = fold});
  REQUIRE(result.of_fold.size() == 5);
  CHECK(*result.of_fold[0] == 1);
  CHECK(*result.of_fold[1] == 1);
  CHECK_FALSE(result.of_fold[2]);
  CHECK(result.n_used == 2);
  CHECK(result.n_left_out == 2);  // fold 3 holds nobody out
  CHECK(*result.mean == 1);
  CHECK(*roc_auc(positive, scores) < 1);
  CHECK_FALSE(auc_over_folds({}).mean);
  CHECK_THROWS_AS(auc_over_folds({.positive = positive, .scores = scores, .fold = std::span(fold).first(2)}), InternalError);
}
