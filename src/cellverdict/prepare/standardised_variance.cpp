#include <cellverdict/prepare/loess.h>
#include <cellverdict/prepare/standardised_variance.h>
#include <cellverdict/prepare/training_sums.h>
#include <cellverdict/table/gene_sums.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

// [genes] expected sd; 1 for genes that do not vary.
std::vector<double> expected_sd(const GeneMoments& moments) {
  std::vector<std::size_t> varying;
  std::vector<double> log_mean, log_variance;
  for (std::size_t g = 0; g < moments.mean.size(); ++g) {
    if (!(moments.variance[g] > 0)) continue;
    varying.push_back(g);
    log_mean.push_back(std::log10(moments.mean[g]));
    log_variance.push_back(std::log10(moments.variance[g]));
  }
  const auto curve = fit_loess(log_mean, log_variance);
  std::vector<double> sd(moments.mean.size(), 1);
  for (std::size_t k = 0; k < varying.size(); ++k) sd[varying[k]] = std::sqrt(std::pow(10, curve[k]));
  return sd;
}

}  // namespace

std::vector<double> standardised_variance(const RunContext& context, const TrainView& train,
                                          const std::vector<std::int64_t>& genes) {
  const GeneMoments moments = moments_of(sum_counts(context, train, 0), genes);
  const std::vector<double> sd = expected_sd(moments);
  const auto n = static_cast<double>(train.n_cells());
  std::vector<std::int32_t> place(static_cast<std::size_t>(train.genes().size()), -1);
  std::vector<double> most(genes.size()), sum(genes.size()), sum_squares(genes.size()), out(genes.size());
  for (std::size_t k = 0; k < genes.size(); ++k) {
    place[genes[k]] = static_cast<std::int32_t>(k);
    most[k] = moments.mean[k] + sd[k] * std::sqrt(n);
  }
  for_each_training_cell(context, train, "clipped counts", [&](std::int64_t, const CsrRow& counts) {
    for (std::size_t i = 0; i < counts.genes.size(); ++i) {
      const std::int32_t k = place[counts.genes[i]];
      if (k < 0) continue;
      const double x = std::min<double>(counts.values[i], most[k]);
      sum[k] += x;
      sum_squares[k] += x * x;
    }
  });
  for (std::size_t k = 0; k < genes.size(); ++k) {
    if (!(moments.variance[k] > 0)) continue;
    const double mean = moments.mean[k];
    out[k] = (n * mean * mean + sum_squares[k] - 2 * sum[k] * mean) / ((n - 1) * sd[k] * sd[k]);
  }
  return out;
}

}  // namespace cellverdict
