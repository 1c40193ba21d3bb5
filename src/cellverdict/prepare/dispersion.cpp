#include <cellverdict/prepare/dispersion.h>
#include <cellverdict/table/quantile.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kZeroMean = 1e-12;  // takes the place of a mean of zero, as in scanpy

// Bin k holds edges[k] < x <= edges[k + 1]; genes outside all bins are in none.
std::vector<std::vector<std::size_t>> genes_of_bins(const std::vector<double>& x, const std::vector<double>& edges) {
  std::vector<std::vector<std::size_t>> genes(edges.size() - 1);
  for (std::size_t g = 0; g < x.size(); ++g) {
    const auto above = std::lower_bound(edges.begin(), edges.end(), x[g]);
    if (above != edges.begin() && above != edges.end()) genes[static_cast<std::size_t>(above - edges.begin()) - 1].push_back(g);
  }
  return genes;
}

// 20 equal bins from the least to the greatest value; the first reaches a little lower so that the least is in it.
std::vector<double> equal_edges(const std::vector<double>& x) {
  constexpr int kBins = 20;
  constexpr double kMargin = 0.001;
  auto [least, greatest] = std::pair(*std::min_element(x.begin(), x.end()), *std::max_element(x.begin(), x.end()));
  const double range = greatest - least;
  if (range == 0) {
    least -= least != 0 ? kMargin * std::abs(least) : kMargin;
    greatest += greatest != 0 ? kMargin * std::abs(greatest) : kMargin;
  }
  const double step = (greatest - least) / kBins;
  std::vector<double> edges;
  for (int k = 0; k < kBins; ++k) edges.push_back(k * step + least);
  edges.push_back(greatest);
  edges.front() -= kMargin * range;
  return edges;
}

struct Spread {
  double centre = kNan, width = kNan;
};

// Mean and sd (ddof 1) of the values that are numbers, updated value by value: equal values have a width of exactly zero.
Spread mean_and_sd(const std::vector<double>& values) {
  double n = 0, mean = 0, squares = 0;
  for (const double x : values) {
    if (std::isnan(x)) continue;
    n += 1;
    const double away = x - mean;
    mean += away / n;
    squares += away * (x - mean);
  }
  if (n == 0) return {};
  return {mean, n > 1 ? std::sqrt(squares / (n - 1)) : kNan};
}

// Median, and the median deviation from it scaled to the sd of a normal distribution.
Spread median_and_scaled_mad(std::vector<double> values) {
  constexpr double kNormalQuartile = 0.67448975019608171;  // Φ⁻¹(3/4)
  const auto [median, mad] = median_and_mad(std::move(values), kNormalQuartile);
  return {median, mad};
}

template <class SpreadOf>
std::vector<double> standardise(const std::vector<double>& dispersion, const std::vector<std::vector<std::size_t>>& bins,
                                SpreadOf spread_of) {
  std::vector<double> out(dispersion.size(), kNan);
  for (const auto& genes : bins) {
    std::vector<double> values;
    for (const std::size_t g : genes) values.push_back(dispersion[g]);
    const Spread spread = spread_of(std::move(values));
    for (const std::size_t g : genes) out[g] = (dispersion[g] - spread.centre) / spread.width;
  }
  return out;
}

double mean_or_trace(double mean) {
  return mean == 0 ? kZeroMean : mean;
}

}  // namespace

Dispersion seurat_dispersion(const GeneMoments& moments) {
  if (moments.mean.empty()) return {};
  std::vector<double> log_mean, dispersion;
  for (std::size_t g = 0; g < moments.mean.size(); ++g) {
    const double mean = mean_or_trace(moments.mean[g]);
    log_mean.push_back(std::log1p(mean));
    dispersion.push_back(moments.variance[g] > 0 ? std::log(moments.variance[g] / mean) : kNan);
  }
  const auto spread = [](const std::vector<double>& values) {
    const Spread bin = mean_and_sd(values);
    return std::isnan(bin.width) ? Spread{.centre = 0, .width = bin.centre} : bin;
  };
  return {.normalised = standardise(dispersion, genes_of_bins(log_mean, equal_edges(log_mean)), spread)};
}

Dispersion cell_ranger_dispersion(const GeneMoments& moments) {
  if (moments.mean.empty()) return {};
  std::vector<double> mean, dispersion;
  for (std::size_t g = 0; g < moments.mean.size(); ++g) {
    mean.push_back(mean_or_trace(moments.mean[g]));
    dispersion.push_back(moments.variance[g] / mean.back());
  }
  std::vector<double> sorted = mean, edges = {-std::numeric_limits<double>::infinity()};
  std::sort(sorted.begin(), sorted.end());
  for (int percent = 10; percent <= 100; percent += 5) edges.push_back(quantile_of_sorted(sorted, percent / 100.0));
  edges.push_back(std::numeric_limits<double>::infinity());
  const auto n_edges = static_cast<std::int64_t>(edges.size());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return {.normalised = standardise(dispersion, genes_of_bins(mean, edges), median_and_scaled_mad),
          .n_joined_bins = n_edges - static_cast<std::int64_t>(edges.size())};
}

}  // namespace cellverdict
