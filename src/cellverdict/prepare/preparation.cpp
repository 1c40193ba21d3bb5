#include <cellverdict/base/error.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/prepare/normalise.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/select_genes.h>
#include <cellverdict/prepare/training_sums.h>
#include <cellverdict/table/quantile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace cellverdict {

namespace {

// Unit by unit, as the store sums them: the same bytes whether the sums were stored or not.
GeneSums sum_training_cells(const RunContext& context, const TrainView& train, const PrepareOptions& options) {
  if (auto stored = train.stored_sums(normalisation_name(options))) return *std::move(stored);
  std::map<std::int32_t, std::vector<std::int64_t>> cells_of_unit;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) cells_of_unit[train.unit_number(i)].push_back(i);
  GeneSums total(train.genes().size());
  CsrBlock cell;
  for (const auto& [unit, cells] : cells_of_unit) {
    GeneSums sums(train.genes().size());
    for (const std::int64_t i : cells) {
      cell.clear();
      train.append_counts(i, cell);
      normalise_values(cell.values, train.total(i), options.target_sum, options.log1p);
      sums.add(cell.row(0));
    }
    total.add(sums);
    context.progress("gene statistics", total.n_cells, train.n_cells());
  }
  return total;
}

double median_total(const TrainView& train) {
  std::vector<double> totals;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) totals.push_back(train.total(i));
  return median_of(totals);
}

// Most counts of a cell are one, two or three: their logarithms are taken once.
class SmallCounts {
 public:
  explicit SmallCounts(double factor) : factor_(factor) {}

  float log1p(float count) {
    const auto whole = static_cast<std::size_t>(count >= 0 && count < kMost ? count : 0);
    if (static_cast<float>(whole) != count) return fresh(count);
    if (whole >= n_known_)
      for (; n_known_ <= whole; ++n_known_) known_[n_known_] = fresh(static_cast<float>(n_known_));
    return known_[whole];
  }

 private:
  static constexpr float kMost = 16;
  float fresh(float count) const { return static_cast<float>(std::log1p(static_cast<double>(count) * factor_)); }

  double factor_;
  std::size_t n_known_ = 0;
  std::array<float, static_cast<std::size_t>(kMost)> known_;
};

}  // namespace

Preparation fit_preparation(const RunContext& context, const TrainView& train, const PrepareOptions& options) {
  const GeneSums sums = sum_training_cells(context, train, options);
  const auto n = static_cast<double>(sums.n_cells);

  std::vector<std::int64_t> kept;
  for (std::int64_t g = 0; g < train.genes().size(); ++g)
    if (sums.n_positive[g] >= static_cast<double>(options.min_cells_per_gene)) kept.push_back(g);
  Preparation result{.target_sum = options.target_sum,
                     .log1p = options.log1p,
                     .divide = options.scale.by == "sd",
                     .center = options.scale.center,
                     .clip = options.scale.clip,
                     .median_total = median_total(train),
                     .n_training_cells = sums.n_cells,
                     .seen = train.genes(),
                     .n_genes_detected = static_cast<std::int64_t>(kept.size())};
  if (kept.empty())
    throw DataError({.where = "[prepare] min_cells_per_gene = " + std::to_string(options.min_cells_per_gene),
                     .found = "no gene with a count in that many of " + counted(sums.n_cells, "training cell"),
                     .expected = "at least one gene",
                     .advice = "lower min_cells_per_gene"});
  kept = select_genes(context, train, sums, std::move(kept), options);
  for (const std::int64_t g : kept) {
    result.genes.ids.push_back(train.genes().ids[g]);
    result.genes.symbols.push_back(train.genes().symbols[g]);
    result.mean.push_back(sums.sum[g] / n);
    const double sd = std::sqrt(variance_of(sums, g));
    result.sd.push_back(sd > 0 ? sd : 1);
  }
  return result;
}

std::vector<std::int32_t> preparation_columns(const Preparation& preparation, const GeneList& genes) {
  return match_genes(genes, preparation.genes).target;
}

void apply_preparation(const Preparation& p, const std::vector<std::int32_t>& column, const CsrRow& counts, double total,
                       CsrBlock& out) {
  const auto scaled = [&p](double x, std::int32_t g) {
    if (p.center) x -= p.mean[g];
    if (p.divide) x /= p.sd[g];
    return static_cast<float>(p.clip > 0 ? std::clamp(x, -p.clip, p.clip) : x);
  };
  const double factor = p.target_sum > 0 && total > 0 ? p.target_sum / total : 1;
  const std::size_t begin = out.indices.size();
  SmallCounts logs(factor);
  for (std::size_t k = 0; k < counts.genes.size(); ++k) {
    const std::int32_t g = column[counts.genes[k]];
    if (g < 0) continue;
    // The same rounding to float as where the statistics were summed.
    out.push(g, p.log1p ? logs.log1p(counts.values[k]) : static_cast<float>(static_cast<double>(counts.values[k]) * factor));
  }
  // A stranger's file may list the genes in another order: the sums of the net must not depend on that.
  out.sort_from(begin);
  const auto n_genes = static_cast<std::int32_t>(p.genes.size());
  if (p.center) {
    std::vector<float> full(static_cast<std::size_t>(n_genes));
    for (std::size_t k = begin; k < out.indices.size(); ++k) full[out.indices[k]] = out.values[k];
    out.indices.resize(begin);
    out.values.resize(begin);
    for (std::int32_t g = 0; g < n_genes; ++g) out.push(g, scaled(full[g], g));
  } else {
    for (std::size_t k = begin; k < out.indices.size(); ++k) out.values[k] = scaled(out.values[k], out.indices[k]);
  }
  out.end_row();
}

}  // namespace cellverdict
