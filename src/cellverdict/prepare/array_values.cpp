#include <cellverdict/prepare/array_values.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/table/quantile.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

constexpr std::array<double, 5> kShares = {0.05, 0.25, 0.5, 0.75, 0.95};
constexpr double kLargestLog = 25;

struct Sample {
  std::array<double, kShares.size()> quantiles{};
  double trimmed_mean = 0;
};

// `sorted` without NaN.
Sample look_at(const std::vector<double>& sorted) {
  Sample sample;
  for (std::size_t q = 0; q < kShares.size(); ++q) sample.quantiles[q] = quantile_of_sorted(sorted, kShares[q]);
  const auto cut = static_cast<std::ptrdiff_t>(0.02 * static_cast<double>(sorted.size()));
  sample.trimmed_mean =
      std::accumulate(sorted.begin() + cut, sorted.end() - cut, 0.0) / static_cast<double>(std::ssize(sorted) - 2 * cut);
  return sample;
}

bool same_quantiles(const std::vector<Sample>& samples) {
  for (std::size_t q = 0; q < kShares.size(); ++q) {
    std::vector<double> of_samples;
    for (const auto& sample : samples) of_samples.push_back(sample.quantiles[q]);
    const double middle = median_of(of_samples);
    if (std::any_of(of_samples.begin(), of_samples.end(), [&](double x) { return std::abs(x - middle) > 0.1; })) return false;
  }
  return samples.size() > 1;
}

bool same_means(const std::vector<Sample>& samples) {
  std::vector<double> means;
  for (const auto& sample : samples) means.push_back(sample.trimmed_mean);
  const double middle = median_of(means);
  return samples.size() > 1 &&
         std::all_of(means.begin(), means.end(), [&](double x) { return std::abs(x - middle) <= 0.02 * std::abs(middle); });
}

}  // namespace

std::string array_scale_name(ArrayScale scale) {
  switch (scale) {
    case ArrayScale::counts:
      return "counts";
    case ArrayScale::log2_normalised:
      return "log2, RMA-like";
    case ArrayScale::log2:
      return "log2";
    case ArrayScale::log_ratios:
      return "log ratios";
    case ArrayScale::mas5:
      return "linear, MAS5-like";
    case ArrayScale::linear:
      return "linear";
    case ArrayScale::linear_negative:
      return "linear with negative values, MAS4-like";
  }
  throw InternalError({.where = "array_scale_name", .found = std::to_string(static_cast<int>(scale))});
}

std::string ArrayJudgement::name() const {
  return fmt::format("{} ({:.4g} to {:.4g}, median {:.4g})", array_scale_name(scale), least, most, median);
}

ArrayJudgement judge_array_values(std::span<const std::span<const float>> rows) {
  ArrayJudgement judgement;
  std::vector<Sample> samples;
  std::vector<double> all, sorted;
  std::int64_t n_whole = 0, n_zero = 0, n_negative = 0;
  for (const auto row : rows) {
    sorted.clear();
    for (const float x : row) {
      if (std::isnan(x)) continue;
      sorted.push_back(x);
      n_whole += x == std::floor(x);
      n_zero += x == 0;
      n_negative += x < 0;
    }
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    samples.push_back(look_at(sorted));
    all.insert(all.end(), sorted.begin(), sorted.end());
  }
  if (all.empty())
    throw DataError({.where = "the kind of the values", .found = "no value that is not missing", .expected = "measurements"});
  const auto n = std::ssize(all);
  judgement.median = median_of(all);
  judgement.least = *std::min_element(all.begin(), all.end());
  judgement.most = *std::max_element(all.begin(), all.end());
  if (n_whole == n && n_negative == 0 && n_zero * 1000 >= n)
    judgement.scale = ArrayScale::counts;
  else if (judgement.most <= kLargestLog && judgement.least >= -kLargestLog)
    judgement.scale = n_negative * 5 >= n       ? ArrayScale::log_ratios
                      : same_quantiles(samples) ? ArrayScale::log2_normalised
                                                : ArrayScale::log2;
  else if (n_negative * 1000 >= n)
    judgement.scale = ArrayScale::linear_negative;
  else
    judgement.scale = same_means(samples) ? ArrayScale::mas5 : ArrayScale::linear;
  return judgement;
}

ArrayJudgement judge_array_values(const CsrBlock& samples, std::int64_t n_probes) {
  std::vector<std::vector<float>> dense(static_cast<std::size_t>(samples.n_rows()),
                                        std::vector<float>(static_cast<std::size_t>(n_probes)));
  std::vector<std::span<const float>> rows;
  for (std::int64_t i = 0; i < samples.n_rows(); ++i) {
    const CsrRow row = samples.row(i);
    auto& values = dense[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < row.genes.size(); ++k) values[static_cast<std::size_t>(row.genes[k])] = row.values[k];
    rows.emplace_back(values);
  }
  return judge_array_values(rows);
}

Log2Result log2_with_floor(std::span<float> values, double floor) {
  if (!(floor > 0))
    throw UsageError({.where = "the floor of the logarithm",
                      .found = fmt::format("{}", floor),
                      .expected = "a number above 0",
                      .advice = "16 is common for MAS5 values, 1 for counts"});
  Log2Result result;
  for (float& x : values) {
    if (std::isnan(x)) continue;
    result.n_floored += x < floor;
    x = static_cast<float>(std::log2(std::max<double>(x, floor)));
  }
  return result;
}

}  // namespace cellverdict
