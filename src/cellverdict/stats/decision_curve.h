#pragma once
// What a classifier is worth to whoever acts on it: net benefit over thresholds, and predictive values at a prevalence that is not
// the study's. One value a unit.

#include <cellverdict/stats/intervals.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cellverdict {

// Vickers & Elkin 2006. A threshold t says that a false alarm costs t/(1 − t) of what a hit gains.
struct NetBenefit {
  double threshold = 0;
  double model = 0;      // hits/n − false alarms/n · t/(1 − t), calling positive at or above t
  double treat_all = 0;  // the same of calling everyone positive; calling nobody is worth 0
};

struct DecisionCurveInput {
  std::span<const std::uint8_t> positive;  // [n]
  std::span<const double> probability;     // [n]
  std::span<const double> thresholds;      // each in (0, 1)
  std::optional<double> prevalence;        // of where it will be used, in (0, 1); nothing: the study's own share of positives
};
// One point a threshold. The classes of a case-control study are not a population: give it a prevalence. Throws DataError without
// units, for a probability outside [0, 1], and with a prevalence where a class is absent; InternalError for sizes and thresholds.
std::vector<NetBenefit> decision_curve(const DecisionCurveInput& input);

// Calls against truth over units.
struct CallCounts {
  std::int64_t n_positive = 0, hits = 0;        // hits: positive units called positive
  std::int64_t n_negative = 0, rejections = 0;  // rejections: negative units called negative
};

struct PredictiveValues {
  double prevalence = 0;
  MaybeInterval positive;  // P(positive | called positive), PPV
  MaybeInterval negative;  // P(negative | called negative), NPV
};
// By Bayes from sensitivity and specificity, with the interval of Mercaldo, Lau & Zhou 2007 (delta method on the logit, z²/2 added
// to both cells of both rows, as they advise, so that a share of 0 or 1 has a width too); the estimate itself is not adjusted. Not
// estimable with fewer than kLeastUnitsForAuc units of a class, or where nobody would be called so. `prevalence` in (0, 1), else
// InternalError; counts that do not fit, the same.
PredictiveValues predictive_values(const CallCounts& counts, double prevalence, double level = 0.95);

}  // namespace cellverdict
