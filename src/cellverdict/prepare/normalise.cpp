#include <cellverdict/prepare/normalise.h>

#include <fmt/format.h>

#include <cmath>

namespace cellverdict {

void normalise_values(std::span<float> values, double total, double target_sum, bool log1p) {
  const double factor = target_sum > 0 && total > 0 ? target_sum / total : 1;
  for (float& value : values) {
    const double x = static_cast<double>(value) * factor;
    value = static_cast<float>(log1p ? std::log1p(x) : x);
  }
}

std::string normalisation_name(const PrepareOptions& options) {
  std::string name = "counts";
  if (options.target_sum > 0) name += fmt::format(", {} per cell", options.target_sum);
  if (options.log1p) name += ", log1p";
  return name;
}

}  // namespace cellverdict
