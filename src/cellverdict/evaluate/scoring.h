#pragma once
// From probabilities of the label to what is said of them: over units and over cells, fold by fold, each number with its interval.
// The unit is the observation; cells are never taken for independent.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/evaluate/unit_means.h>
#include <cellverdict/split/views.h>

#include <span>
#include <vector>

namespace cellverdict {

// The test cells of one fold: those before `end` that are of no fold before it.
struct FoldRange {
  std::int64_t end = 0;
  double threshold = 0.5;  // two classes
};

struct ScoringInput {
  const TestView& test;
  const std::vector<double>& probability;  // [cells, classes], calibrated
  std::vector<FoldRange> folds;            // one for a split that stands alone
  std::int32_t positive = 1;               // two classes
  bool optimistic = false;                 // cells of these units were in training: no interval
  std::uint64_t seed = 42;
  int threads = 1;
};

struct UnitCall {
  UnitMean mean;
  std::int32_t called = 0;
  double cell_accuracy = 0;  // share of its cells called right
  std::int32_t fold = 0;     // from 0; of its first cell, where a unit is torn
};

struct LabelScores {
  // Of several folds: counts, losses and calls over all cells or units; the AUC is the mean of the folds' own (scores of different
  // models are not comparable), absent where no fold has both classes; ROC curves are averaged vertically.
  Classification cells, units;
  std::vector<RocPoint> cell_roc, unit_roc;
  std::vector<FoldScore> folds;  // as many as were given
  std::vector<MeasuredMetric> metrics;
  std::vector<UnitCall> calls;
};

LabelScores score_label(const ScoringInput& input);

// The units of one fold under several drawings of their cells.
struct UnitDraws {
  std::vector<std::string> unit;
  std::vector<std::vector<double>> probability;  // [drawings] of [units, classes], calibrated
};
// Metrics over units, one value a drawing; `draws`: one a fold. Without the AUC where no fold has both classes.
std::vector<SampledMetric> score_samplings(const ScoringInput& input, const std::vector<UnitCall>& calls,
                                           const std::vector<UnitDraws>& draws);

// Of these units: accuracy, and sensitivity and specificity (more classes: the recall of each), with the intervals of shares.
std::vector<MeasuredMetric> shares_right(const ScoringInput& input, const std::vector<const UnitCall*>& calls);

// The AUC over units (the mean of the folds' own) for two classes, else the accuracy; nothing where no fold has both classes.
std::optional<double> unit_score(const ScoringInput& input);

// First minus second over units, on the same test cells: of the AUC for two classes (DeLong's paired interval for one fold, units
// drawn with replacement for several), else of the accuracy.
MeasuredMetric unit_difference(const ScoringInput& first, const ScoringInput& second);

// "No better than the pseudobulk: AUC difference +0.021 (−0.104 to 0.146)."
std::string difference_in_words(const std::string& rival, const MeasuredMetric& difference);

}  // namespace cellverdict
