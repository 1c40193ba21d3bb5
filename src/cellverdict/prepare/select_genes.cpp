#include <cellverdict/base/error.h>
#include <cellverdict/prepare/dispersion.h>
#include <cellverdict/prepare/select_genes.h>
#include <cellverdict/prepare/standardised_variance.h>
#include <cellverdict/prepare/training_sums.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

using Genes = std::vector<std::int64_t>;

// The n of greatest score; ties: the earlier.
Genes greatest(const Genes& candidates, const std::vector<double>& score, std::int64_t n) {
  if (static_cast<std::int64_t>(candidates.size()) <= n) return candidates;
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  Genes kept;
  for (std::size_t k = 0; k < static_cast<std::size_t>(n); ++k) kept.push_back(candidates[order[k]]);
  std::sort(kept.begin(), kept.end());
  return kept;
}

// Every gene that reaches the n-th greatest score; those without a score (NaN) are left out.
Genes reaching(const Genes& candidates, const std::vector<double>& score, std::int64_t n, const std::string& flavour) {
  std::vector<double> sorted;
  for (const double x : score)
    if (!std::isnan(x)) sorted.push_back(x);
  if (sorted.empty())
    throw DataError({.where = "[prepare] genes select = \"" + flavour + "\"",
                     .found = "no gene that varies among the training cells more or less than others of its mean",
                     .expected = "at least one",
                     .advice = "select \"variance\" or \"all\", or train on more cells"});
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double cutoff = sorted[std::min(static_cast<std::size_t>(n), sorted.size()) - 1];
  Genes kept;
  for (std::size_t k = 0; k < candidates.size(); ++k)
    if (score[k] >= cutoff) kept.push_back(candidates[k]);
  return kept;
}

}  // namespace

Genes select_genes(const RunContext& context, const TrainView& train, const GeneSums& sums, Genes candidates,
                   const PrepareOptions& options) {
  const std::string& select = options.genes.select;
  const std::int64_t n = options.genes.n;
  if (select == "all") return candidates;
  if (select == "variance") {
    std::vector<double> variance;
    for (const std::int64_t g : candidates) variance.push_back(variance_of(sums, g));
    return greatest(candidates, variance, n);
  }
  if (select == "seurat_v3") {
    if (static_cast<std::int64_t>(candidates.size()) <= n) return candidates;
    return greatest(candidates, standardised_variance(context, train, candidates), n);
  }
  if (select == "seurat") {
    // Undoing the logarithm is not needed where the counts are at hand.
    const GeneMoments moments = moments_of(sum_counts(context, train, options.target_sum), candidates);
    return reaching(candidates, seurat_dispersion(moments).normalised, n, select);
  }
  if (select == "cell_ranger") {
    const Dispersion dispersion = cell_ranger_dispersion(moments_of(sums, candidates));
    if (dispersion.n_joined_bins > 0)
      context.warn("[prepare] genes select = \"cell_ranger\": many genes share a mean, so " +
                   counted(dispersion.n_joined_bins, "percentile bin") +
                   " without width were joined with others; scanpy refuses such data. A greater min_cells_per_gene avoids it.");
    return reaching(candidates, dispersion.normalised, n, select);
  }
  throw InternalError({.where = "select_genes", .found = "select = \"" + select + "\"", .expected = "a known way", .advice = ""});
}

std::string selection_in_words(const GeneSelection& selection) {
  if (selection.select == "all") return "(all)";
  if (selection.select == "variance") return "by variance of the log-normalised values over training cells";
  return "as highly variable over training cells (\"" + selection.select + "\" as in scanpy)";
}

}  // namespace cellverdict
