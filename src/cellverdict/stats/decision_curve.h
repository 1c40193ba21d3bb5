#pragma once
// What a classifier is worth to whoever acts on it: net benefit over thresholds, also at a prevalence that is not
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

}  // namespace cellverdict
