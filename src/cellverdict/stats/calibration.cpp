#include <cellverdict/base/error.h>
#include <cellverdict/stats/calibration.h>

#include <boost/math/tools/minima.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

namespace cellverdict {

namespace {

// [n, n_classes]; clipped as in the log loss, for a probability rounded to 0 says nothing of how small it was.
std::vector<double> log_probabilities(std::span<const double> probability, std::int64_t n_classes) {
  if (n_classes < 1 || probability.size() % static_cast<std::size_t>(n_classes) != 0)
    throw InternalError({.where = "calibration",
                         .found = std::to_string(probability.size()) + " probabilities",
                         .expected = "a multiple of " + std::to_string(n_classes) + " classes",
                         .advice = ""});
  std::vector<double> logs(probability.size());
  for (std::size_t i = 0; i < probability.size(); ++i) {
    if (!(probability[i] >= 0 && probability[i] <= 1 + 1e-6))
      throw DataError({.where = "calibration",
                       .found = "a probability of " + std::to_string(probability[i]),
                       .expected = "0 to 1",
                       .advice = "the model has diverged or its input holds missing values"});
    logs[i] = std::log(std::max(probability[i], std::numeric_limits<double>::epsilon()));
  }
  return logs;
}

// log Σ exp(x / T), safe from overflow.
double log_sum_exp(std::span<const double> row, double temperature) {
  const double most = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const double x : row) sum += std::exp((x - most) / temperature);
  return most / temperature + std::log(sum);
}

}  // namespace

namespace {

// Where `loss` of the logarithm of T is least; 1 when no T is better.
double least_temperature(const std::function<double(double)>& loss) {
  // Half of a double's bits: nearer to a minimum the loss no longer changes.
  constexpr int kBits = std::numeric_limits<double>::digits / 2;
  const double found =
      boost::math::tools::brent_find_minima(loss, std::log(kLeastTemperature), std::log(kGreatestTemperature), kBits).first;
  // The search comes near the ends of its range without trying them, and a flat loss must not move the probabilities.
  double best = 1, least = loss(0);
  for (const double temperature : {kLeastTemperature, kGreatestTemperature, std::exp(found)})
    if (const double value = loss(std::log(temperature)); value < least) {
      best = temperature;
      least = value;
    }
  return best;
}

void refuse_nothing(bool is_empty) {
  if (is_empty)
    throw DataError({.where = "calibration",
                     .found = "no observations",
                     .expected = "a validation side",
                     .advice = "keep cells for validation or leave the probabilities as they are"});
}

}  // namespace

double fit_unit_temperature(const UnitCells& cells) {
  const std::vector<double> logs = log_probabilities(cells.probability, cells.n_classes);
  const auto width = static_cast<std::size_t>(cells.n_classes);
  const std::size_t n_units = cells.truth.size();
  std::vector<double> n_cells(n_units);
  bool fits = logs.size() == cells.unit.size() * width;
  for (const std::int64_t u : cells.unit) {
    fits = fits && u >= 0 && u < static_cast<std::int64_t>(n_units);
    if (fits) ++n_cells[u];
  }
  for (const std::int32_t c : cells.truth) fits = fits && c >= 0 && c < cells.n_classes;
  if (!fits || std::any_of(n_cells.begin(), n_cells.end(), [](double n) { return n == 0; }))
    throw InternalError({.where = "calibration",
                         .found = std::to_string(cells.unit.size()) + " cells of " + std::to_string(n_units) + " units",
                         .expected = "a unit a cell, a cell a unit and a class a unit",
                         .advice = ""});
  refuse_nothing(n_units == 0);
  // Convex in 1/T, so it has one valley in log T as well.
  const auto loss = [&](double log_temperature) {
    const double temperature = std::exp(log_temperature);
    double sum = 0;
    for (std::size_t i = 0; i < cells.unit.size(); ++i) {
      const auto row = std::span(logs).subspan(i * width, width);
      const auto u = static_cast<std::size_t>(cells.unit[i]);
      sum += (log_sum_exp(row, temperature) - row[static_cast<std::size_t>(cells.truth[u])] / temperature) / n_cells[u];
    }
    return sum / static_cast<double>(n_units);
  };
  return least_temperature(loss);
}

std::vector<double> apply_temperature(std::span<const double> probability, std::int64_t n_classes, double temperature) {
  if (!(temperature > 0 && std::isfinite(temperature)))
    throw InternalError({.where = "calibration",
                         .found = "a temperature of " + std::to_string(temperature),
                         .expected = "a positive number",
                         .advice = ""});
  std::vector<double> out = log_probabilities(probability, n_classes);
  const auto width = static_cast<std::size_t>(n_classes);
  for (std::size_t begin = 0; begin < out.size(); begin += width) {
    const auto row = std::span(out).subspan(begin, width);
    const double scale = log_sum_exp(row, temperature);
    for (double& x : row) x = std::exp(x / temperature - scale);
  }
  return out;
}

double choose_best_threshold(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  if (positive.size() != scores.size())
    throw InternalError({.where = "threshold",
                         .found = std::to_string(positive.size()) + " labels and " + std::to_string(scores.size()) + " scores",
                         .expected = "one score a label",
                         .advice = ""});
  if (!std::all_of(scores.begin(), scores.end(), [](double s) { return std::isfinite(s); }))
    throw DataError({.where = "threshold",
                     .found = "a score that is not finite",
                     .expected = "numbers",
                     .advice = "the model has diverged or its input holds missing values"});
  const auto n_positive = std::count_if(positive.begin(), positive.end(), [](std::uint8_t p) { return p != 0; });
  const auto n_negative = static_cast<std::ptrdiff_t>(positive.size()) - n_positive;
  if (n_positive == 0 || n_negative == 0)
    throw DataError({.where = "threshold",
                     .found = std::to_string(n_positive) + " positive and " + std::to_string(n_negative) + " negative observations",
                     .expected = "some of both",
                     .advice = "keep the threshold at 0.5 or choose another validation side"});

  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  const double lowest = scores[order.front()], highest = scores[order.back()];

  // Below every score all are positive. The balanced accuracy is this value over 2 · n_positive · n_negative, in whole numbers.
  double best = std::min(0.5, lowest);
  std::int64_t greatest = n_positive * n_negative, value = greatest;
  const auto consider = [&](double threshold) {
    const bool nearer = std::abs(threshold - 0.5) < std::abs(best - 0.5);
    if (value > greatest || (value == greatest && nearer)) {
      greatest = value;
      best = threshold;
    }
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    value += positive[order[i]] != 0 ? -n_negative : n_positive;  // this one is now called negative
    if (i + 1 == order.size()) {
      consider(std::max(0.5, std::nextafter(highest, std::numeric_limits<double>::infinity())));
    } else if (const double low = scores[order[i]], high = scores[order[i + 1]]; low < high) {
      const double middle = std::midpoint(low, high);
      consider(middle > low ? middle : high);  // between neighbouring doubles there is nothing
    }
  }
  return best;
}

}  // namespace cellverdict
