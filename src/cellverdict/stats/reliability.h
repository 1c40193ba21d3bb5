#pragma once
// Do probabilities mean what they say? Of units called 70 % positive, are 70 % positive. One value a unit: cells of a unit are not
// independent witnesses. `positive` and `probability` are [n]; sizes that differ are an InternalError, a probability outside [0, 1]
// a DataError everywhere.

#include <cellverdict/stats/intervals.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Below this many units an expected calibration error is mostly noise (its bias is of the order of √(bins / n)) and is not given.
inline constexpr std::int64_t kLeastUnitsForEce = 50;
// Fewer units of a class than this, and no calibration line is drawn.
inline constexpr std::int64_t kLeastUnitsForCalibrationLine = 10;

struct ReliabilityBin {
  double low = 0, high = 0;  // least and greatest probability in it
  std::int64_t n = 0, n_positive = 0;
  double mean_probability = 0;
  Interval share_positive;
};

// Bins of equal mass: edges at the quantiles i / n_bins of the probabilities, equal probabilities together, empty bins left out;
// the bins of sklearn.calibration.calibration_curve(strategy="quantile"). Empty without units; n_bins >= 1, else InternalError.
std::vector<ReliabilityBin> reliability_bins(std::span<const std::uint8_t> positive, std::span<const double> probability,
                                             std::int64_t n_bins = 10);

// Σ over those bins of n/N · |mean probability − share positive| (Naeini et al. 2015; Guo et al. 2017, there with bins of
// equal width). Nothing below kLeastUnitsForEce units. It depends on the number of bins: state both.
std::optional<double> expected_calibration_error(std::span<const std::uint8_t> positive, std::span<const double> probability,
                                                 std::int64_t n_bins = 10);

// Cox 1958; Van Calster et al. 2019, "Calibration: the Achilles heel of predictive analytics".
struct CalibrationLine {
  Interval slope;         // of logit P(positive) on logit(probability); 1 is right, below 1 too sure of itself
  double intercept = 0;   // of that line
  Interval in_the_large;  // intercept with the slope held at 1; 0 is right, above 0 too few called positive
};
struct MaybeCalibrationLine {
  std::optional<CalibrationLine> line;
  std::string why_not;
};
// Maximum likelihood, Wald intervals. Probabilities below 2.2e-16 count as that, as in the log loss. Not estimable with fewer than
// kLeastUnitsForCalibrationLine units of a class, with equal probabilities throughout, or where they separate the classes (the
// slope then has no finite value).
MaybeCalibrationLine calibration_line(std::span<const std::uint8_t> positive, std::span<const double> probability,
                                      double level = 0.95);

}  // namespace cellverdict
