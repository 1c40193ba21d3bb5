#include <cellverdict/run/explain_types.h>

#include <cellverdict/base/error.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/evaluate/cell_types.h>
#include <cellverdict/split/split.h>
#include <cellverdict/stats/rank_tests.h>
#include <cellverdict/table/quantile.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace cellverdict {

namespace {

constexpr const char* kNoType = "not annotated";
constexpr const char* kUsualColumn = "cell_type";
constexpr std::int64_t kUsualTypes = 10, kMostTypes = 100;
constexpr std::size_t kMarkers = 3;

CellTypesOfSides one_type(const TrainView& train, const TestView& test) {
  return {.names = {"all"},
          .markers = {""},
          .test = std::vector<std::int32_t>(static_cast<std::size_t>(test.n_cells())),
          .train = std::vector<std::int32_t>(static_cast<std::size_t>(train.n_cells())),
          .how = "cells are not divided into types"};
}

CellTypesOfSides named_types(const std::string& column, const TrainView& train, const TestView& test) {
  const auto name_of = [](const Column& of, std::int64_t i) { return of.missing(i) ? kNoType : of.text(i); };
  const Column here = test.column(column, "--cell-type"), there = train.column(column, "--cell-type");
  std::map<std::string, std::int32_t> number;
  for (std::int64_t i = 0; i < here.size(); ++i) number.try_emplace(name_of(here, i));
  if (std::ssize(number) > kMostNamedValues)
    throw UsageError({.where = "--cell-type " + column,
                      .found = with_commas(std::ssize(number)) + " values",
                      .expected = "names of at most " + with_commas(kMostNamedValues) + " types",
                      .advice = "name another obs column, or find types with --types"});
  CellTypesOfSides out{.how = "the column '" + column + "'"};
  for (const auto& [name, code] : number) out.names.push_back(name);
  sort_labels(out.names);
  out.markers.resize(out.names.size());
  for (std::size_t k = 0; k < out.names.size(); ++k) number[out.names[k]] = static_cast<std::int32_t>(k);
  for (std::int64_t i = 0; i < here.size(); ++i) out.test.push_back(number.at(name_of(here, i)));
  for (std::int64_t i = 0; i < there.size(); ++i) {
    const auto found = number.find(name_of(there, i));
    out.train.push_back(found == number.end() ? -1 : found->second);
  }
  return out;
}

// The genes whose log-normalised mean in the training cells of a type is farthest above that of the other training cells.
std::vector<std::string> markers_of(const TrainView& train, const Preparation& unscaled, std::span<const std::int32_t> type,
                                    std::int64_t n_types) {
  const std::int64_t n_genes = unscaled.genes.size();
  std::vector<double> sums(static_cast<std::size_t>(n_types * n_genes)), all(static_cast<std::size_t>(n_genes));
  std::vector<double> n(static_cast<std::size_t>(n_types));
  const PreparedCells cells(train, unscaled, 0);
  CsrBlock cell;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) {
    cell.clear();
    cells.append(i, cell);
    ++n[type[i]];
    for (std::size_t k = 0; k < cell.indices.size(); ++k) {
      sums[type[i] * n_genes + cell.indices[k]] += cell.values[k];
      all[cell.indices[k]] += cell.values[k];
    }
  }
  const auto n_all = static_cast<double>(train.n_cells());
  std::vector<std::string> out;
  for (std::int64_t t = 0; t < n_types; ++t) {
    const auto above = [&](std::size_t g) {
      const double own = sums[t * n_genes + static_cast<std::int64_t>(g)];
      return n[t] > 0 && n_all > n[t] ? own / n[t] - (all[g] - own) / (n_all - n[t]) : 0;
    };
    std::vector<std::size_t> order(static_cast<std::size_t>(n_genes));
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(kMarkers, order.size()));
    std::partial_sort(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
      const double x = above(a), y = above(b);
      return x != y ? x > y : a < b;
    });
    std::string names;
    for (auto g = order.begin(); g != end; ++g)
      if (above(*g) > 0) names += (names.empty() ? "" : ", ") + unscaled.genes.symbols[*g];
    out.push_back(names);
  }
  return out;
}

CellTypesOfSides found_types(const RunContext& context, std::int64_t n_types, const TrainView& train, const TestView& test,
                             const Preparation& preparation) {
  const CellTypes found = fit_cell_types(context, train, preparation, {.types = n_types});
  CellTypesOfSides out{.test = apply_cell_types(context, found, test), .train = apply_cell_types(context, found, train)};
  const std::int64_t n = found.k_means.n_clusters;
  out.how = counted(n, "type") + " found by k-means among the training cells";
  out.markers = markers_of(train, found.preparation, out.train, n);
  for (std::int64_t t = 0; t < n; ++t) out.names.push_back("type " + std::to_string(t + 1));
  return out;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

CellTypesOfSides types_of_sides(const RunContext& context, const ExplainRequest& request, const TrainView& train,
                                const TestView& test, const Preparation& preparation) {
  if (!request.cell_type.empty()) return named_types(request.cell_type, train, test);
  if (request.types == 0) return one_type(train, test);
  if (request.types < 0 && train.has_column(kUsualColumn) && test.has_column(kUsualColumn))
    return named_types(kUsualColumn, train, test);
  const std::int64_t asked = request.types < 0 ? kUsualTypes : std::min(request.types, kMostTypes);
  if (asked == 1 || train.n_cells() < 2) return one_type(train, test);
  return found_types(context, asked, train, test, preparation);
}

void compare_types(const std::vector<bool>& is_in_class, std::vector<ExplainedType>& types) {
  std::vector<double> p_values;
  for (ExplainedType& type : types) {
    std::vector<double> inside, elsewhere;
    for (std::size_t u = 0; u < type.values.size(); ++u)
      if (!std::isnan(type.values[u])) (is_in_class[u] ? inside : elsewhere).push_back(type.values[u]);
    type.n_in_class = std::ssize(inside);
    type.n_elsewhere = std::ssize(elsewhere);
    type.mean = mean_of(inside);
    type.median = median_of(inside);
    type.elsewhere_mean = mean_of(elsewhere);
    type.elsewhere_median = median_of(elsewhere);
    if (const auto test = rank_sum(inside, elsewhere)) {
      type.share = test->share;
      type.p_value = test->p_value;
      p_values.push_back(test->p_value);
    }
  }
  // A type that only one side has is not tested.
  const auto adjusted = benjamini_hochberg(p_values);
  std::size_t next = 0;
  for (ExplainedType& type : types)
    if (type.n_in_class > 0 && type.n_elsewhere > 0) type.p_adjusted = adjusted[next++];
  const auto place = [](const ExplainedType& type) {
    return std::isnan(type.mean) ? -std::numeric_limits<double>::infinity() : type.mean;
  };
  std::stable_sort(types.begin(), types.end(), [&](const ExplainedType& a, const ExplainedType& b) { return place(a) > place(b); });
}

}  // namespace cellverdict
