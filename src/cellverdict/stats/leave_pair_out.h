#pragma once
// The AUC of cross-validation, without comparing scores of different models.
// Why not simply pool: each fold's model has its own intercept. With leave-one-out, holding out a positive unit leaves fewer
// positives to train on, so that model says less to everyone, and holding out a negative one says more. Pooled over units, a model
// that knows nothing therefore scores positives below negatives: its AUC is below 0.5, down to 0 for a model that answers with the
// prevalence (Parker, Günter & Bedo 2007; Airola et al. 2011; Smith et al. 2014). So scores are compared within one model alone:
// hold out pairs of one positive and one negative unit (Airola et al. 2011), or average the AUCs of folds that hold out both
// classes.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cellverdict {

// A positive and a negative unit, to be held out together.
struct HeldOutPair {
  std::int64_t positive = 0, negative = 0;  // units
};
// All n_positive · n_negative pairs, by positive unit, then by negative one.
std::vector<HeldOutPair> pairs_to_hold_out(std::span<const std::uint8_t> positive);

// The scores that one model gave to the two units it did not see.
struct ScoredPair {
  double positive = 0, negative = 0;
};
// Share of pairs with the positive above, ties counting half. Nothing without pairs. Throws DataError for a score that is not a
// number. Give it each pair once: with all pairs it is nearly without bias. Its variance is not that of as many independent pairs;
// an interval may be had from newcombe_auc_interval and is approximate, as the models share their training units.
std::optional<double> leave_pair_out_auc(std::span<const ScoredPair> pairs);

// Scores of units by the fold (with repeats: the repeat and fold) whose model gave them. A unit may stand in several repeats.
struct ScoredFolds {
  std::span<const std::uint8_t> positive;  // [n]
  std::span<const double> scores;          // [n]
  std::span<const std::int32_t> fold;      // [n], from 0
};

struct FoldAucs {
  std::vector<std::optional<double>> of_fold;  // [greatest fold + 1]; nothing where a class is absent
  std::int64_t n_used = 0, n_left_out = 0;     // folds with both classes, and held-out sides with one class only
  std::optional<double> mean;                  // over the folds used, each counting once; nothing when there is none
};
// Throws DataError for a score that is not a number, InternalError when sizes differ or a fold is negative.
FoldAucs auc_over_folds(const ScoredFolds& folds);
// The mean over the folds that have a score; nothing when none has.
std::optional<double> mean_over_folds(std::span<const std::optional<double>> of_fold);

}  // namespace cellverdict
