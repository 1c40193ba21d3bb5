#include <cellverdict/base/error.h>
#include <cellverdict/prepare/normalise.h>
#include <cellverdict/prepare/training_sums.h>

namespace cellverdict {

void for_each_training_cell(const RunContext& context, const TrainView& train, std::string_view stage,
                            const std::function<void(std::int64_t, const CsrRow&)>& see) {
  constexpr std::int64_t kBetweenLooks = 512;
  CsrBlock cell;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) {
    cell.clear();
    train.append_counts(i, cell);
    see(i, cell.row(0));
    if ((i + 1) % kBetweenLooks != 0 && i + 1 != train.n_cells()) continue;
    context.progress(stage, i + 1, train.n_cells());
    if (context.stopping())
      throw Interrupted({.where = "choosing genes", .found = "an interrupt", .expected = "", .advice = "run again to start over"});
  }
}

GeneSums sum_counts(const RunContext& context, const TrainView& train, double target_sum) {
  GeneSums sums(train.genes().size());
  std::vector<float> values;
  for_each_training_cell(context, train, "gene statistics", [&](std::int64_t i, const CsrRow& counts) {
    values.assign(counts.values.begin(), counts.values.end());
    normalise_values(values, train.total(i), target_sum, false);
    sums.add({counts.genes, values});
  });
  return sums;
}

GeneMoments moments_of(const GeneSums& sums, const std::vector<std::int64_t>& genes) {
  const auto n = static_cast<double>(sums.n_cells);
  GeneMoments moments;
  for (const std::int64_t g : genes) {
    moments.mean.push_back(sums.sum[g] / n);
    moments.variance.push_back(variance_of(sums, g) * (n > 1 ? n / (n - 1) : 1));
  }
  return moments;
}

double variance_of(const GeneSums& sums, std::int64_t gene) {
  constexpr double kRounding = 1e-12;
  const auto n = static_cast<double>(sums.n_cells);
  const double mean = sums.sum[gene] / n, mean_square = sums.sum_squares[gene] / n;
  const double variance = mean_square - mean * mean;
  return variance > kRounding * mean_square ? variance : 0;
}

}  // namespace cellverdict
