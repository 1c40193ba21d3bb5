#include <cellverdict/evaluate/space.h>

#include <cellverdict/base/error.h>
#include <cellverdict/table/quantile.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace cellverdict {

namespace {

constexpr std::int64_t kLeastUnitsForSimilarity = 2;

}  // namespace

SpaceLabels labels_of(const std::string& name, const Column& given) {
  const Column column = as_text_column(given);
  std::vector<std::int64_t> counts(column.levels.size());
  for (const std::int32_t code : column.codes)
    if (code >= 0) ++counts[static_cast<std::size_t>(code)];
  std::vector<std::int32_t> order;
  for (std::size_t level = 0; level < counts.size(); ++level)
    if (counts[level] > 0) order.push_back(static_cast<std::int32_t>(level));
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    const auto na = counts[static_cast<std::size_t>(a)], nb = counts[static_cast<std::size_t>(b)];
    return na != nb ? na > nb : column.levels[static_cast<std::size_t>(a)] < column.levels[static_cast<std::size_t>(b)];
  });
  std::vector<std::int32_t> rank(counts.size(), -1);
  SpaceLabels out{.name = name};
  for (const std::int32_t level : order) {
    rank[static_cast<std::size_t>(level)] = static_cast<std::int32_t>(out.levels.size());
    out.levels.push_back(column.levels[static_cast<std::size_t>(level)]);
    out.counts.push_back(counts[static_cast<std::size_t>(level)]);
  }
  for (const std::int32_t code : column.codes) out.codes.push_back(code < 0 ? -1 : rank[static_cast<std::size_t>(code)]);
  return out;
}

std::optional<NeighbourScore> score_neighbours(const SpaceTable& table, const SpaceLabels& labels, const SpaceOptions& options) {
  std::vector<double> rows;
  std::vector<std::int32_t> truth, person;
  for (std::size_t u = 0; u < labels.codes.size(); ++u) {
    if (labels.codes[u] < 0) continue;
    const auto begin = table.values.begin() + static_cast<std::ptrdiff_t>(u) * table.n_features;
    rows.insert(rows.end(), begin, begin + table.n_features);
    truth.push_back(labels.codes[u]);
    if (!options.person.empty()) person.push_back(options.person[u]);
  }
  NeighbourScore out{.table = table.name, .column = labels.name, .n = std::ssize(truth), .n_labels = std::ssize(labels.levels)};
  if (out.n_labels < 2 || out.n < 3) return std::nullopt;
  const Neighbours near = nearest_neighbours(
      {.values = rows, .n_features = table.n_features},
      {.neighbours = options.neighbours, .distance = options.distance, .group = person, .threads = options.threads});
  out.n_neighbours = near.n_neighbours;
  const auto called = neighbour_calls(near, truth);
  std::vector<double> right(labels.levels.size());
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (called[i] == truth[i]) ++right[static_cast<std::size_t>(truth[i])];
  for (std::size_t level = 0; level < right.size(); ++level) {
    out.n_right += static_cast<std::int64_t>(right[level]);
    out.balanced_accuracy += right[level] / static_cast<double>(labels.counts[level]) / static_cast<double>(out.n_labels);
  }
  out.majority = static_cast<double>(labels.counts.front()) / static_cast<double>(out.n);
  out.accuracy = proportion_interval(out.n_right, out.n);
  return out;
}

LabelSimilarity label_similarity(const SpaceTable& table, const SpaceLabels& labels, bool centred) {
  const auto width = static_cast<std::size_t>(table.n_features);
  std::vector<std::vector<double>> means;
  LabelSimilarity out{.column = labels.name, .centred = centred};
  std::vector<double> all(width);
  std::int64_t n = 0;
  for (std::size_t u = 0; u < labels.codes.size(); ++u) {
    if (labels.codes[u] < 0) continue;
    ++n;
    for (std::size_t f = 0; f < width; ++f) all[f] += table.values[u * width + f];
  }
  for (std::size_t level = 0; level < labels.levels.size(); ++level) {
    if (labels.counts[level] < kLeastUnitsForSimilarity) continue;
    std::vector<double> mean(width);
    for (std::size_t u = 0; u < labels.codes.size(); ++u)
      if (labels.codes[u] == static_cast<std::int32_t>(level))
        for (std::size_t f = 0; f < width; ++f) mean[f] += table.values[u * width + f] / static_cast<double>(labels.counts[level]);
    if (centred)
      for (std::size_t f = 0; f < width; ++f) mean[f] -= all[f] / static_cast<double>(n);
    means.push_back(std::move(mean));
    out.labels.push_back(labels.levels[level]);
    out.counts.push_back(labels.counts[level]);
  }
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  for (const auto& a : means)
    for (const auto& b : means) {
      const double lengths = std::sqrt(dot(a, a) * dot(b, b));
      out.cosine.push_back(&a == &b ? 1 : lengths > 0 ? std::clamp(dot(a, b) / lengths, -1.0, 1.0) : 0);
    }
  return out;
}

std::vector<SpaceAssociation> associations(const std::vector<std::int32_t>& groups, const std::vector<SpaceLabels>& labels,
                                           const std::vector<NamedNumbers>& numbers) {
  std::vector<SpaceAssociation> out;
  for (const auto& column : labels) {
    const ContingencyTable table = contingency_table({.a = groups, .b = column.codes});
    const auto v = cramers_v(table);
    const auto chi = chi_squared(table);
    if (!v || !chi) continue;
    out.push_back({.column = column.name,
                   .measure = chi->least_expected < 5 ? "Cramér's V, bias-corrected; p rough" : "Cramér's V, bias-corrected",
                   .n = table.n,
                   .strength = v->corrected,
                   .p_value = chi->p_value});
  }
  for (const auto& column : numbers)
    if (const auto test = kruskal_wallis(column.values, groups))
      out.push_back({.column = column.name,
                     .measure = "Kruskal–Wallis ε²",
                     .n = test->n,
                     .strength = test->epsilon_squared,
                     .p_value = test->p_value});
  std::vector<double> p_values;
  for (const auto& row : out) p_values.push_back(std::clamp(row.p_value, 0.0, 1.0));
  const auto adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].adjusted = adjusted[i];
  return out;
}

std::vector<LevelDifference> level_differences(const SpaceLabels& labels, const std::vector<NamedNumbers>& numbers) {
  std::vector<std::size_t> order(labels.levels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::string> sorted = labels.levels;
  sort_labels(sorted);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::find(sorted.begin(), sorted.end(), labels.levels[a]) < std::find(sorted.begin(), sorted.end(), labels.levels[b]);
  });
  std::vector<LevelDifference> out;
  for (const auto& number : numbers) {
    std::vector<std::vector<double>> by_level(order.size());
    for (std::size_t u = 0; u < labels.codes.size(); ++u)
      if (labels.codes[u] >= 0 && !std::isnan(number.values[u]))
        by_level[static_cast<std::size_t>(labels.codes[u])].push_back(number.values[u]);
    LevelDifference row{.number = number.name};
    for (const std::size_t level : order) {
      row.levels.push_back(labels.levels[level]);
      row.n.push_back(std::ssize(by_level[level]));
      row.median.push_back(median_of(by_level[level]));
    }
    if (order.size() == 2) {
      const auto test = rank_sum(by_level[order[1]], by_level[order[0]]);
      if (!test) continue;
      row.test = "rank sum, " + test->method;
      row.share = test->share;
      row.p_value = test->p_value;
    } else {
      const auto test = kruskal_wallis(number.values, labels.codes);
      if (!test) continue;
      row.test = "Kruskal–Wallis";
      row.p_value = test->p_value;
    }
    out.push_back(std::move(row));
  }
  std::vector<double> p_values;
  for (const auto& row : out) p_values.push_back(std::clamp(row.p_value, 0.0, 1.0));
  const auto multiplied = bonferroni(p_values), fdr = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].bonferroni = multiplied[i];
    out[i].fdr = fdr[i];
  }
  return out;
}

}  // namespace cellverdict
