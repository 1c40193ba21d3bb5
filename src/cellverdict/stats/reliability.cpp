#include <cellverdict/base/error.h>
#include <cellverdict/stats/reliability.h>

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace {

void check(std::span<const std::uint8_t> positive, std::span<const double> probability) {
  if (positive.size() != probability.size())
    throw InternalError(
        {.where = "calibration",
         .found = std::to_string(positive.size()) + " labels and " + std::to_string(probability.size()) + " probabilities",
         .expected = "one probability a label",
         .advice = ""});
  for (const double p : probability)
    if (!(p >= 0 && p <= 1 + 1e-6))
      throw DataError({.where = "calibration",
                       .found = "a probability of " + std::to_string(p),
                       .expected = "0 to 1",
                       .advice = "the model has diverged or its input holds missing values"});
}

// numpy.percentile's inner edges: linear interpolation between order statistics, from the nearer end as numpy does it.
std::vector<double> inner_edges(std::vector<double> sorted, std::int64_t n_bins) {
  std::vector<double> edges;
  for (std::int64_t i = 1; i < n_bins; ++i) {
    const double position = static_cast<double>(i) / static_cast<double>(n_bins) * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double t = position - static_cast<double>(below), gap = sorted[above] - sorted[below];
    edges.push_back(t < 0.5 ? sorted[below] + t * gap : sorted[above] - (1 - t) * gap);
  }
  return edges;
}

double logit(double p) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const double inside = std::clamp(p, kEpsilon, 1 - kEpsilon);
  return std::log(inside / (1 - inside));
}

// P(positive) = 1 / (1 + exp(−(a + b x))) by Newton's method with halved steps; b stays at 1 when it is held.
struct Fit {
  double a = 0, b = 1;
  double variance_a = 0, variance_b = 0;
};
enum class Slope { free, held };
struct Sums {
  double loss = 0;
  std::array<double, 2> gradient = {0, 0};
  std::array<double, 3> hessian = {0, 0, 0};  // aa, ab, bb
};

Sums sums_at(std::span<const std::uint8_t> positive, const std::vector<double>& x, double a, double b) {
  Sums out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = a + b * x[i], p = 1 / (1 + std::exp(-z)), y = positive[i] != 0 ? 1 : 0;
    out.loss += std::max(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z)));
    out.gradient[0] += p - y;
    out.gradient[1] += (p - y) * x[i];
    const double w = p * (1 - p);
    out.hessian[0] += w;
    out.hessian[1] += w * x[i];
    out.hessian[2] += w * x[i] * x[i];
  }
  return out;
}

Fit fit_line(std::span<const std::uint8_t> positive, const std::vector<double>& x, Slope slope) {
  Fit fit;
  Sums now = sums_at(positive, x, fit.a, fit.b);
  for (int step = 0; step < 100; ++step) {
    const auto& h = now.hessian;
    const double determinant = slope == Slope::free ? h[0] * h[2] - h[1] * h[1] : h[0];
    if (!(determinant > 0)) break;
    double of_a = now.gradient[0] / h[0], of_b = 0;
    if (slope == Slope::free) {
      of_a = (h[2] * now.gradient[0] - h[1] * now.gradient[1]) / determinant;
      of_b = (h[0] * now.gradient[1] - h[1] * now.gradient[0]) / determinant;
    }
    double scale = 1;
    Sums next = sums_at(positive, x, fit.a - of_a, fit.b - of_b);
    while (next.loss > now.loss && scale > 1e-10) {
      scale /= 2;
      next = sums_at(positive, x, fit.a - scale * of_a, fit.b - scale * of_b);
    }
    if (!(next.loss <= now.loss)) break;
    fit.a -= scale * of_a;
    fit.b -= scale * of_b;
    now = next;
    if (std::abs(of_a) + std::abs(of_b) < 1e-12 * (1 + std::abs(fit.a) + std::abs(fit.b))) break;
  }
  const auto& h = now.hessian;
  fit.variance_a = 1 / h[0];
  if (slope == Slope::free) fit.variance_b = h[0] / (h[0] * h[2] - h[1] * h[1]);
  return fit;
}

}  // namespace

std::vector<ReliabilityBin> reliability_bins(std::span<const std::uint8_t> positive, std::span<const double> probability,
                                             std::int64_t n_bins) {
  check(positive, probability);
  if (n_bins < 1)
    throw InternalError({.where = "calibration", .found = std::to_string(n_bins) + " bins", .expected = "1 or more", .advice = ""});
  if (probability.empty()) return {};
  std::vector<double> sorted(probability.begin(), probability.end());
  std::sort(sorted.begin(), sorted.end());
  const std::vector<double> edges = inner_edges(sorted, n_bins);
  std::vector<ReliabilityBin> bins(static_cast<std::size_t>(n_bins), {.low = 1, .high = 0});
  for (std::size_t i = 0; i < probability.size(); ++i) {
    // A probability on an edge belongs below it.
    ReliabilityBin& bin =
        bins[static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), probability[i]) - edges.begin())];
    bin.low = std::min(bin.low, probability[i]);
    bin.high = std::max(bin.high, probability[i]);
    bin.mean_probability += probability[i];
    bin.n_positive += positive[i] != 0;
    ++bin.n;
  }
  std::erase_if(bins, [](const ReliabilityBin& bin) { return bin.n == 0; });
  for (ReliabilityBin& bin : bins) {
    bin.mean_probability /= static_cast<double>(bin.n);
    bin.share_positive = *proportion_interval(bin.n_positive, bin.n).interval;
  }
  return bins;
}

std::optional<double> expected_calibration_error(std::span<const std::uint8_t> positive, std::span<const double> probability,
                                                 std::int64_t n_bins) {
  const std::vector<ReliabilityBin> bins = reliability_bins(positive, probability, n_bins);
  if (static_cast<std::int64_t>(probability.size()) < kLeastUnitsForEce) return std::nullopt;
  double sum = 0;
  for (const ReliabilityBin& bin : bins)
    sum += static_cast<double>(bin.n) * std::abs(bin.mean_probability - bin.share_positive.estimate);
  return sum / static_cast<double>(probability.size());
}

MaybeCalibrationLine calibration_line(std::span<const std::uint8_t> positive, std::span<const double> probability, double level) {
  check(positive, probability);
  if (!(level > 0 && level < 1))
    throw InternalError(
        {.where = "calibration", .found = "a level of " + std::to_string(level), .expected = "0 to 1", .advice = ""});
  const auto n_positive = std::count_if(positive.begin(), positive.end(), [](std::uint8_t p) { return p != 0; });
  const auto n_negative = static_cast<std::ptrdiff_t>(positive.size()) - n_positive;
  const auto no = [](const std::string& reason) { return MaybeCalibrationLine{.line = std::nullopt, .why_not = reason}; };
  if (std::min(n_positive, n_negative) < kLeastUnitsForCalibrationLine)
    return no(std::to_string(n_positive) + " positive and " + std::to_string(n_negative) +
              " negative units; a calibration line needs " + std::to_string(kLeastUnitsForCalibrationLine) + " of each");
  std::vector<double> x;
  double least_positive = 1, most_positive = 0, least_negative = 1, most_negative = 0;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    x.push_back(logit(probability[i]));
    auto& least = positive[i] != 0 ? least_positive : least_negative;
    auto& most = positive[i] != 0 ? most_positive : most_negative;
    least = std::min(least, probability[i]);
    most = std::max(most, probability[i]);
  }
  if (std::min(least_positive, least_negative) == std::max(most_positive, most_negative)) return no("all probabilities are equal");
  if (least_positive >= most_negative || least_negative >= most_positive)
    return no("the probabilities separate the classes, so the slope has no finite value");

  const Fit line = fit_line(positive, x, Slope::free), large = fit_line(positive, x, Slope::held);
  const double z = boost::math::quantile(boost::math::normal(), (1 + level) / 2);
  const auto wald = [&](double value, double variance) {
    const double half = z * std::sqrt(variance);
    return Interval{.estimate = value, .low = value - half, .high = value + half, .method = "maximum likelihood, Wald"};
  };
  return {.line =
              CalibrationLine{
                  .slope = wald(line.b, line.variance_b), .intercept = line.a, .in_the_large = wald(large.a, large.variance_a)},
          .why_not = ""};
}

}  // namespace cellverdict
