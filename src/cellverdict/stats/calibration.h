#pragma once
// Probabilities that mean what they say, and where to cut them. Fitted on validation numbers, applied to any.
// Numbers in, numbers out: that the numbers come from the validation side alone is the caller's business.
// Temperature scaling: Guo et al. 2017, "On calibration of modern neural networks", eq. 9, each unit weighing the same.

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

// Where the temperature is looked for. A fit that ends on a limit deserves a note: the model ranks perfectly, or not at all.
inline constexpr double kLeastTemperature = 0.05;
inline constexpr double kGreatestTemperature = 20;

// Cells with the unit each is of.
struct UnitCells {
  std::span<const double> probability;  // [n, n_classes]
  std::int64_t n_classes = 2;
  std::span<const std::int64_t> unit;   // [n] below the number of units
  std::span<const std::int32_t> truth;  // [units] class
};
// The T that minimises the mean over units of the mean log loss of their cells: each unit counts once, however many cells it has; 1
// when no other is better. Probabilities below 2.2e-16 count as that, as in the log loss. Throws DataError without units or for a
// probability outside [0, 1], InternalError for sizes or classes that do not fit and for a unit without a cell.
double fit_unit_temperature(const UnitCells& cells);

// softmax(log p / T) of every row, [n, n_classes]; the order of the classes in a row does not change. T > 0.
std::vector<double> apply_temperature(std::span<const double> probability, std::int64_t n_classes, double temperature);

// The threshold t with the greatest balanced accuracy of "positive when score >= t": midway between two neighbouring scores.
// Where all-positive or all-negative is best, and among equals, the t nearest 0.5 (of two equally near, the lower).
// Throws DataError when a class is absent or a score is not finite.
double choose_best_threshold(std::span<const std::uint8_t> positive, std::span<const double> scores);

}  // namespace cellverdict
