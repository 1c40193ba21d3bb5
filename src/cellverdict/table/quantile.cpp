#include <cellverdict/table/quantile.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cellverdict {

double quantile_of_sorted(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  if (below + 1 >= sorted.size()) return sorted.back();
  const double part = place - std::floor(place), step = sorted[below + 1] - sorted[below];
  return part >= 0.5 ? sorted[below + 1] - step * (1 - part) : sorted[below] + step * part;
}

double median_of(std::span<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

MedianAndMad median_and_mad(std::vector<double> values, double unit) {
  return take_median_and_mad(values, unit);
}

MedianAndMad take_median_and_mad(std::span<double> values, double unit) {
  const double median = median_of(values);
  for (double& x : values) x = std::abs(x - median) / unit;
  return {median, median_of(values)};
}

}  // namespace cellverdict
