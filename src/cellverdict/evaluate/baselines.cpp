#include <cellverdict/evaluate/baselines.h>

#include <cellverdict/base/parallel.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/evaluate/cell_types.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/stats/logistic.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace cellverdict {

namespace {

constexpr std::int64_t kMostTrainingCells = 10000;  // of the regression on cells: more change its answer by little
constexpr double kPseudoCount = 0.5;                // a cell type that a unit lacks has no logarithm

// Units of a view, one entry per unit and class, with a row of numbers each.
struct UnitRows {
  std::vector<std::int32_t> label;    // [entries]
  std::vector<std::int32_t> of_cell;  // [cells] entry
  std::vector<double> values;         // [entries, n]
  std::int64_t n_features = 0;

  std::int64_t size() const { return std::ssize(label); }
  double& at(std::int64_t entry, std::int64_t feature) { return values[entry * n_features + feature]; }
};

UnitRows unit_rows(const CellView& view, std::int64_t n_features) {
  UnitRows rows{.n_features = n_features};
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> entry;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    const auto [found, is_new] = entry.try_emplace({view.unit_number(i), view.label(i)}, static_cast<std::int32_t>(entry.size()));
    if (is_new) rows.label.push_back(view.label(i));
    rows.of_cell.push_back(found->second);
  }
  rows.values.assign(static_cast<std::size_t>(rows.size() * n_features), 0);
  return rows;
}

// Each feature to mean 0 and standard deviation 1 over the training entries; one that does not vary there becomes 0.
void standardise(UnitRows& train, UnitRows& asked) {
  for (std::int64_t f = 0; f < train.n_features; ++f) {
    double sum = 0, squares = 0;
    for (std::int64_t u = 0; u < train.size(); ++u) sum += train.at(u, f);
    const double mean = sum / static_cast<double>(train.size());
    for (std::int64_t u = 0; u < train.size(); ++u) squares += (train.at(u, f) - mean) * (train.at(u, f) - mean);
    const double sd = std::sqrt(squares / static_cast<double>(train.size()));
    for (UnitRows* rows : {&train, &asked})
      for (std::int64_t u = 0; u < rows->size(); ++u) rows->at(u, f) = sd > 1e-12 ? (rows->at(u, f) - mean) / sd : 0;
  }
}

std::vector<double> spread_over_cells(const UnitRows& rows, const std::vector<double>& of_unit, std::int64_t n_classes) {
  std::vector<double> out;
  out.reserve(rows.of_cell.size() * static_cast<std::size_t>(n_classes));
  for (const std::int32_t u : rows.of_cell) {
    const auto row = of_unit.begin() + u * n_classes;
    out.insert(out.end(), row, row + n_classes);
  }
  return out;
}

// One observation a unit, on standardised features.
std::vector<double> regress_units(const BaselineRequest& request, UnitRows train, UnitRows asked) {
  standardise(train, asked);
  const auto n_classes = std::ssize(request.train.classes());
  const LogisticOptions options{.class_weights = ClassWeights::balanced, .threads = request.context.threads};
  const LogisticModel model = fit_logistic(DenseFeatures{train.values, train.n_features}, train.label, n_classes, options);
  return spread_over_cells(asked, apply_logistic(model, rows_of(DenseFeatures{asked.values, asked.n_features}), options.threads),
                           n_classes);
}

BaselinePrediction majority(const BaselineRequest& request) {
  const auto n_classes = std::ssize(request.train.classes());
  const UnitRows units = unit_rows(request.train, 0);
  std::vector<double> share(static_cast<std::size_t>(n_classes));
  for (const std::int32_t c : units.label) share[c] += 1 / static_cast<double>(units.size());
  BaselinePrediction out{.name = "majority", .how = "each class as likely as among the training units"};
  for (std::int64_t i = 0; i < request.asked.n_cells(); ++i)
    out.probability.insert(out.probability.end(), share.begin(), share.end());
  return out;
}

// What a cell is by one grouping, as numbers below n_values; -1: none that training knows.
struct Grouping {
  std::vector<std::int32_t> code;  // [cells]
  std::int64_t n_values = 0;
};

// Features: the share of a unit's cells in each group.
UnitRows shares_of_groups(const CellView& view, const std::vector<Grouping>& groupings) {
  std::int64_t n_features = 0;
  for (const auto& grouping : groupings) n_features += grouping.n_values;
  UnitRows rows = unit_rows(view, n_features);
  std::vector<double> n_cells(static_cast<std::size_t>(rows.size()));
  for (const std::int32_t u : rows.of_cell) ++n_cells[u];
  std::int64_t first = 0;
  for (const auto& [code, n_values] : groupings) {
    for (std::size_t i = 0; i < code.size(); ++i)
      if (code[i] >= 0) rows.at(rows.of_cell[i], first + code[i]) += 1 / n_cells[rows.of_cell[i]];
    first += n_values;
  }
  return rows;
}

struct TwoSides {
  UnitRows train, asked;
};

// By the values of columns that training has.
TwoSides shares_on_both_sides(const BaselineRequest& request, const std::vector<std::string>& names) {
  std::vector<Grouping> train, asked;
  for (const auto& name : names) {
    const Column column = request.train.column(name, "[evaluate]");
    const auto values = distinct_values(column);
    train.push_back({codes_of(column, values), std::ssize(values)});
    asked.push_back({codes_of(request.asked.column(name, "[evaluate]"), values), std::ssize(values)});
  }
  return {shares_of_groups(request.train, train), shares_of_groups(request.asked, asked)};
}

BaselinePrediction covariates(const BaselineRequest& request) {
  TwoSides sides = shares_on_both_sides(request, request.covariates);
  return {.name = "covariates",
          .how = "logistic regression on " + joined_in_words(request.covariates) + " alone, without a gene",
          .probability = regress_units(request, std::move(sides.train), std::move(sides.asked))};
}

// Centred log-ratios (Aitchison 1986).
void to_log_ratios(UnitRows& rows) {
  std::vector<double> n_cells(static_cast<std::size_t>(rows.size()));
  for (const std::int32_t u : rows.of_cell) ++n_cells[u];
  for (std::int64_t u = 0; u < rows.size(); ++u) {
    double sum = 0;
    for (std::int64_t f = 0; f < rows.n_features; ++f) {
      rows.at(u, f) = std::log(rows.at(u, f) * n_cells[u] + kPseudoCount);
      sum += rows.at(u, f);
    }
    for (std::int64_t f = 0; f < rows.n_features; ++f) rows.at(u, f) -= sum / static_cast<double>(rows.n_features);
  }
}

BaselinePrediction composition(const BaselineRequest& request) {
  TwoSides sides;
  std::string types;
  if (!request.cell_type.empty()) {
    sides = shares_on_both_sides(request, {request.cell_type});
    types = counted(sides.train.n_features, "value") + " of " + request.cell_type;
  } else {
    const CellTypes found = fit_cell_types(request.context, request.train, request.preparation, {.types = request.k_means_types});
    const auto grouped = [&](const CellView& view) {
      return shares_of_groups(view, {{apply_cell_types(request.context, found, view), found.k_means.n_clusters}});
    };
    sides = {grouped(request.train), grouped(request.asked)};
    types = fmt::format("{} k-means types (found on {} principal components of {})", found.k_means.n_clusters,
                        found.pca.n_components, counted(found.n_cells, "training cell"));
  }
  to_log_ratios(sides.train);
  to_log_ratios(sides.asked);
  return {.name = "composition",
          .how = "logistic regression on the shares of " + types + ", centred log-ratios",
          .probability = regress_units(request, std::move(sides.train), std::move(sides.asked))};
}

// log(1 + counts of the unit's cells together, per target_sum of all its counts).
UnitRows pseudobulk_rows(const CellView& view, const Preparation& preparation, const UnitProfiles* profiles) {
  UnitRows rows = unit_rows(view, preparation.genes.size());
  const auto column = preparation_columns(preparation, view.genes());
  std::vector<double> total(static_cast<std::size_t>(rows.size()));
  if (profiles != nullptr) {
    std::vector<bool> done(static_cast<std::size_t>(rows.size()));
    for (std::int64_t i = 0; i < view.n_cells(); ++i) {
      const std::int32_t u = rows.of_cell[i];
      if (done[u]) continue;
      done[u] = true;
      const std::int32_t unit = view.unit_number(i);
      const double all = profiles->total(unit);
      for (std::size_t g = 0; g < column.size(); ++g)
        if (column[g] >= 0 && all > 0)
          rows.at(u, column[g]) =
              std::log1p(static_cast<double>(profiles->count(unit, static_cast<std::int64_t>(g))) * preparation.target_sum / all);
    }
    return rows;
  }
  CsrBlock cell;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    cell.clear();
    view.append_counts(i, cell);
    const std::int32_t u = rows.of_cell[i];
    total[u] += view.total(i);
    for (std::size_t k = 0; k < cell.indices.size(); ++k)
      if (const std::int32_t g = column[cell.indices[k]]; g >= 0) rows.at(u, g) += static_cast<double>(cell.values[k]);
  }
  for (std::int64_t u = 0; u < rows.size(); ++u)
    for (std::int64_t g = 0; g < rows.n_features; ++g)
      rows.at(u, g) = total[u] > 0 ? std::log1p(rows.at(u, g) * preparation.target_sum / total[u]) : 0;
  return rows;
}

BaselinePrediction pseudobulk(const BaselineRequest& request) {
  return {.name = "pseudobulk",
          .how = "logistic regression on the summed profile of each unit, " + counted(request.preparation.genes.size(), "gene"),
          .probability = regress_units(request, pseudobulk_rows(request.train, request.preparation, request.profiles),
                                       pseudobulk_rows(request.asked, request.preparation, request.profiles))};
}

BaselinePrediction cells(const BaselineRequest& request) {
  const CellView& train = request.train;
  const PreparedCells prepared(train, request.preparation, 0);
  const std::int64_t n = std::min(kMostTrainingCells, train.n_cells());
  CsrBlock block;
  std::vector<std::int32_t> truth;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t i = k * train.n_cells() / n;  // spread over the view
    prepared.append(i, block);
    truth.push_back(train.label(i));
  }
  const auto n_classes = std::ssize(train.classes());
  const auto n_genes = request.preparation.genes.size();
  // The penalty of one observation for every hundred cells: cells of one unit repeat each other.
  const LogisticOptions options{
      .c = 0.01, .class_weights = ClassWeights::balanced, .tolerance = 1e-3, .threads = request.context.threads};
  const LogisticModel model =
      fit_logistic(rows_of(SparseFeatures{block.indptr, block.indices, block.values, n_genes}), truth, n_classes, options);
  BaselinePrediction out{
      .name = "cells",
      .how = fmt::format("logistic regression on {} training cells, {} genes", with_commas(n), with_commas(n_genes))};
  const PreparedCells asked(request.asked, request.preparation, 0);
  for (std::int64_t first = 0; first < asked.n_cells(); first += 4096) {
    block.clear();
    for (std::int64_t i = first; i < std::min(first + 4096, asked.n_cells()); ++i) asked.append(i, block);
    const auto part =
        apply_logistic(model, rows_of(SparseFeatures{block.indptr, block.indices, block.values, n_genes}), options.threads);
    out.probability.insert(out.probability.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace

std::vector<BaselinePrediction> predict_baselines(const BaselineRequest& request, const std::vector<std::string>& names) {
  std::vector<BaselinePrediction> out;
  for (const std::string name : kBaselineNames) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (name == "majority") out.push_back(majority(request));
    if (name == "covariates" && !request.covariates.empty()) out.push_back(covariates(request));
    if (name == "composition" && (!request.cell_type.empty() || request.k_means_types > 0)) out.push_back(composition(request));
    if (name == "pseudobulk") out.push_back(pseudobulk(request));
    if (name == "cells") out.push_back(cells(request));
  }
  return out;
}

}  // namespace cellverdict
