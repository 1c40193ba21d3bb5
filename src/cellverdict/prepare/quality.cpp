#include <cellverdict/prepare/quality.h>
#include <cellverdict/table/quantile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

struct Passing {
  double least, most;
};

// The smallest and the greatest value whose logarithm lies within n_mads of the median of the logarithms. Where none does (an even
// number of cells, n_mads below 1) they stay the wrong way round, and no cell passes.
Passing outermost_passing(std::span<const double> values, std::span<double> logs, double n_mads) {
  std::transform(values.begin(), values.end(), logs.begin(), [](double x) { return std::log1p(x); });
  const auto [median, mad] = take_median_and_mad(logs);
  Passing passing{kNone, -kNone};
  for (const double x : values) {
    const double log = std::log1p(x);  // once more, rather than kept beside the sorted ones
    if (log < median - n_mads * mad || median + n_mads * mad < log) continue;
    passing.least = std::min(passing.least, x);
    passing.most = std::max(passing.most, x);
  }
  return passing;
}

}  // namespace

CellQuality measure_quality(const CsrRow& counts, const std::vector<std::int32_t>& mitochondrial) {
  // Four sums side by side: one alone waits for each addition before it.
  std::array<double, 4> totals{};
  std::int64_t n_genes = 0;
  const std::size_t n = counts.values.size();
  for (std::size_t k = 0; k < n; ++k) {
    totals[k % 4] += static_cast<double>(counts.values[k]);
    n_genes += counts.values[k] > 0 ? 1 : 0;
  }
  CellQuality quality{.total = (totals[0] + totals[1]) + (totals[2] + totals[3]), .n_genes = n_genes};
  // These genes are few: looking them up is cheaper than looking at each entry.
  double mito = 0;
  auto next = counts.genes.begin();
  for (const std::int32_t gene : mitochondrial) {
    next = std::lower_bound(next, counts.genes.end(), gene);
    if (next == counts.genes.end()) break;
    if (*next == gene) mito += static_cast<double>(counts.values[static_cast<std::size_t>(next - counts.genes.begin())]);
  }
  if (quality.total > 0) quality.mito_percent = 100 * mito / quality.total;
  return quality;
}

std::vector<std::int32_t> numbers_of(const std::vector<bool>& genes) {
  std::vector<std::int32_t> numbers;
  for (std::size_t g = 0; g < genes.size(); ++g)
    if (genes[g]) numbers.push_back(static_cast<std::int32_t>(g));
  return numbers;
}

QualityBounds fixed_bounds(const PrepareOptions& options) {
  return {.min_total = 0,
          .max_total = kNone,
          .min_genes = static_cast<double>(options.min_genes),
          .max_genes = options.max_genes > 0 ? static_cast<double>(options.max_genes) : kNone,
          .max_mito_percent = options.max_mito_percent};
}

QualityBounds fit_mad_bounds(std::span<const CellQuality> cells, double n_mads, const PrepareOptions& options) {
  std::vector<double> totals, n_genes, mito, spare(cells.size());
  for (const auto& cell : cells) {
    totals.push_back(cell.total);
    n_genes.push_back(static_cast<double>(cell.n_genes));
    mito.push_back(cell.mito_percent);
  }
  return fit_mad_bounds_in_place({totals, n_genes, mito, spare}, n_mads, options);
}

QualityBounds fit_mad_bounds_in_place(const UnitQuality& cells, double n_mads, const PrepareOptions& options) {
  QualityBounds bounds = fixed_bounds(options);
  if (n_mads <= 0 || cells.totals.empty()) return bounds;
  const auto [least_total, most_total] = outermost_passing(cells.totals, cells.spare, n_mads);
  const auto [least_genes, most_genes] = outermost_passing(cells.n_genes, cells.spare, n_mads);
  const auto [median, mad] = take_median_and_mad(cells.mito_percent);
  bounds.min_total = std::max(bounds.min_total, least_total);
  bounds.max_total = std::min(bounds.max_total, most_total);
  bounds.min_genes = std::max(bounds.min_genes, least_genes);
  bounds.max_genes = std::min(bounds.max_genes, most_genes);
  bounds.max_mito_percent = std::min(bounds.max_mito_percent, median + n_mads * mad);
  return bounds;
}

QualityVerdict judge_quality(const CellQuality& quality, const QualityBounds& bounds) {
  const auto n_genes = static_cast<double>(quality.n_genes);
  if (n_genes < bounds.min_genes) return QualityVerdict::too_few_genes;
  if (n_genes > bounds.max_genes) return QualityVerdict::too_many_genes;
  if (quality.mito_percent > bounds.max_mito_percent) return QualityVerdict::too_much_mito;
  if (quality.total < bounds.min_total) return QualityVerdict::too_few_counts;
  if (quality.total > bounds.max_total) return QualityVerdict::too_many_counts;
  return QualityVerdict::passes;
}

QualityVerdict judge_quality(const CellQuality& quality, const PrepareOptions& options) {
  return judge_quality(quality, fixed_bounds(options));
}

}  // namespace cellverdict
