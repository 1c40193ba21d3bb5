#include <cellverdict/run/unit_expression.h>

#include <cellverdict/base/error.h>
#include <cellverdict/encode/bags.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cellverdict {

MeanProfiles mean_profiles(const TrainView& train, const Preparation& preparation, const std::vector<bool>& counts,
                           std::span<const std::int32_t> type, std::int64_t n_types, const std::string& option) {
  const std::int64_t n_genes = preparation.genes.size();
  std::vector<double> sums(static_cast<std::size_t>((n_types + 1) * n_genes));  // the last: of all cells
  std::vector<std::int64_t> n(static_cast<std::size_t>(n_types + 1));
  const PreparedCells prepared(train, preparation, 0);
  CsrBlock cell;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) {
    if (!counts[i]) continue;
    cell.clear();
    prepared.append(i, cell);
    for (const std::int64_t to : {static_cast<std::int64_t>(type[i]), n_types}) {
      if (to < 0) continue;
      ++n[to];
      for (std::size_t k = 0; k < cell.indices.size(); ++k) sums[to * n_genes + cell.indices[k]] += cell.values[k];
    }
  }
  if (n.back() == 0)
    throw DataError({.where = option,
                     .found = "no training cell to compare with",
                     .expected = "at least one",
                     .advice = "use --baseline zero"});
  MeanProfiles out;
  out.n_cells.assign(n.begin(), n.end() - 1);
  out.values.resize(static_cast<std::size_t>(n_types * n_genes));
  for (std::int64_t k = 0; k < n_types; ++k) {
    const std::int64_t from = n[k] > 0 ? k : n_types;
    for (std::int64_t g = 0; g < n_genes; ++g)
      out.values[k * n_genes + g] = static_cast<float>(sums[from * n_genes + g] / static_cast<double>(n[from]));
  }
  return out;
}

namespace {

struct Moments {
  std::vector<double> sum, squares;  // [genes]
  double n = 0;
  explicit Moments(std::int64_t n_genes) : sum(static_cast<std::size_t>(n_genes)), squares(static_cast<std::size_t>(n_genes)) {}
  double mean(std::size_t g) const { return sum[g] / n; }
  double variance(std::size_t g) const { return std::max(0.0, (squares[g] - n * mean(g) * mean(g)) / (n - 1)); }
};

}  // namespace

PseudobulkTest pseudobulk_test(const RunContext& context, const TrainView& train, const Preparation& preparation, ValueState values,
                               std::int32_t target) {
  const auto n_genes = static_cast<std::size_t>(preparation.genes.size());
  const auto column = preparation_columns(preparation, train.genes());
  Moments in(preparation.genes.size()), out(preparation.genes.size());
  const Bags bags = bags_of(train);
  const bool adds_up = values == ValueState::counts || values == ValueState::fractional_counts || values == ValueState::normalised;
  CsrBlock cell;
  std::vector<double> profile(n_genes);
  for (std::int64_t b = 0; b < bags.n_bags(); ++b) {
    std::fill(profile.begin(), profile.end(), 0.0);
    double total = 0;
    for (const std::int64_t i : bags.cells[b]) {
      cell.clear();
      train.append_counts(i, cell);
      total += train.total(i);
      for (std::size_t k = 0; k < cell.indices.size(); ++k)
        if (const std::int32_t g = column[cell.indices[k]]; g >= 0) profile[g] += cell.values[k];
    }
    Moments& side = bags.label[b] == target ? in : out;
    ++side.n;
    for (std::size_t g = 0; g < n_genes; ++g) {
      const double x =
          adds_up && total > 0 ? std::log2(1e6 * profile[g] / total + 1) : profile[g] / static_cast<double>(bags.cells[b].size());
      side.sum[g] += x;
      side.squares[g] += x * x;
    }
    context.progress("pseudobulk", b + 1, bags.n_bags());
  }
  PseudobulkTest test;
  std::vector<double> strength(n_genes);
  for (std::size_t g = 0; g < n_genes; ++g) {
    const double change = in.n > 0 && out.n > 0 ? in.mean(g) - out.mean(g) : 0;
    const double error = in.n > 1 && out.n > 1 ? std::sqrt(in.variance(g) / in.n + out.variance(g) / out.n)
                                               : std::numeric_limits<double>::quiet_NaN();
    test.log2_fold_change.push_back(change);
    test.t.push_back(error > 0 || std::isnan(error) ? change / error : 0);
    strength[g] = std::abs(std::isnan(error) ? change : test.t.back());
  }
  std::vector<std::size_t> order(n_genes);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return strength[a] > strength[b]; });
  test.rank.resize(n_genes);
  for (std::size_t r = 0; r < n_genes; ++r) test.rank[order[r]] = static_cast<std::int64_t>(r) + 1;
  return test;
}

}  // namespace cellverdict
