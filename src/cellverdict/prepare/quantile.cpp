#include <cellverdict/prepare/quantile.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/probe_summary.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace cellverdict {

namespace {

// `ascending` at a place between 0 and its last, linearly between neighbours.
double at_place(std::span<const double> ascending, double place) {
  const auto below = static_cast<std::size_t>(std::min(std::floor(place), static_cast<double>(ascending.size() - 1)));
  if (below + 1 >= ascending.size()) return ascending.back();
  const double share = place - static_cast<double>(below);
  return ascending[below] + share * (ascending[below + 1] - ascending[below]);
}

void check_missing(std::int64_t n_missing, std::int64_t n_genes, const std::string& name) {
  if (n_genes - n_missing >= 2 && static_cast<double>(n_missing) <= kMostMissing * static_cast<double>(n_genes)) return;
  throw DataError({.where = name,
                   .found = with_commas(n_missing) + " of the panel's " + counted(n_genes, "gene") + " missing",
                   .expected = "at most a tenth, and two values",
                   .advice = "leave the sample out, or name a panel that its array measures"});
}

// Numbers of the genes with a value, by value.
std::vector<std::int32_t> order_of(std::span<const float> sample, const std::string& name) {
  std::vector<std::int32_t> order;
  for (std::size_t g = 0; g < sample.size(); ++g)
    if (!std::isnan(sample[g])) order.push_back(static_cast<std::int32_t>(g));
  check_missing(std::ssize(sample) - std::ssize(order), std::ssize(sample), name);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return sample[a] < sample[b]; });
  return order;
}

}  // namespace

void QuantileSums::add(std::span<const float> sample, const std::string& name) {
  if (sample.size() != sums_.size())
    throw InternalError(
        {.where = "QuantileSums", .found = std::to_string(sample.size()), .expected = std::to_string(sums_.size())});
  const std::vector<std::int32_t> order = order_of(sample, name);
  std::vector<double> sorted;
  for (const std::int32_t g : order) sorted.push_back(sample[g]);
  const double step = static_cast<double>(sorted.size() - 1) / static_cast<double>(std::max<std::size_t>(sums_.size() - 1, 1));
  for (std::size_t i = 0; i < sums_.size(); ++i)
    sums_[i] += sorted.size() == sums_.size() ? sorted[i] : at_place(sorted, static_cast<double>(i) * step);
  ++n_samples_;
}

QuantileReference QuantileSums::reference() const {
  if (n_samples_ == 0)
    throw DataError({.where = "quantile normalisation", .found = "no training sample", .expected = "one at least"});
  QuantileReference reference{.values = sums_, .n_samples = n_samples_};
  for (double& x : reference.values) x /= static_cast<double>(n_samples_);
  return reference;
}

QuantileReference fit_quantiles(const TrainView& train) {
  QuantileSums sums(train.genes().size());
  std::vector<float> row(static_cast<std::size_t>(train.genes().size()));
  CsrBlock work;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) {
    dense_row(train, i, work, row);
    sums.add(row, std::string(train.cell(i)));
  }
  return sums.reference();
}

void apply_quantiles(const QuantileReference& reference, std::span<float> sample, const std::string& name) {
  if (sample.size() != reference.values.size())
    throw InternalError(
        {.where = "apply_quantiles", .found = std::to_string(sample.size()), .expected = std::to_string(reference.values.size())});
  const std::vector<std::int32_t> order = order_of(sample, name);
  const double step = static_cast<double>(sample.size() - 1) / static_cast<double>(order.size() - 1);
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && sample[order[end]] == sample[order[begin]]) ++end;
    const double rank = static_cast<double>(begin + end - 1) / 2;  // from 0, the mean of those that are equal
    const auto value = static_cast<float>(at_place(reference.values, rank * step));
    for (std::size_t k = begin; k < end; ++k) sample[order[k]] = value;
    begin = end;
  }
}

std::vector<std::int32_t> find_panel(const std::vector<std::string>& panel, const std::vector<std::string>& columns,
                                     const std::string& name) {
  std::unordered_map<std::string_view, std::int32_t> places;
  for (std::size_t c = 0; c < columns.size(); ++c) places.emplace(columns[c], static_cast<std::int32_t>(c));
  std::vector<std::int32_t> found;
  std::vector<std::string> missing;
  for (const auto& gene : panel) {
    const auto place = places.find(gene);
    found.push_back(place == places.end() ? -1 : place->second);
    if (place == places.end()) missing.push_back(gene);
  }
  if (static_cast<double>(missing.size()) > kMostMissing * static_cast<double>(panel.size()))
    throw DataError({.where = name,
                     .found = with_commas(std::ssize(missing)) + " of the panel's " + counted(std::ssize(panel), "gene") +
                              " not measured (" + listed(missing, 4) + ")",
                     .expected = "at most a tenth of them",
                     .advice = "take the genes that all platforms have for the panel, or leave the study out"});
  return found;
}

}  // namespace cellverdict
