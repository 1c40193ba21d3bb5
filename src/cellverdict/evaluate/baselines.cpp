#include <cellverdict/evaluate/baselines.h>

#include <cellverdict/encode/bags.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/evaluate/cell_types.h>
#include <cellverdict/evaluate/wording.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cellverdict {

namespace {

constexpr std::int64_t kMostTrainingCells = 10000;  // of the regression on cells: more change its answer by little

std::vector<double> spread_over_cells(const UnitRows& rows, const std::vector<double>& of_unit, std::int64_t n_classes) {
  std::vector<double> out;
  out.reserve(rows.of_cell.size() * static_cast<std::size_t>(n_classes));
  for (const std::int32_t u : rows.of_cell) {
    const auto row = of_unit.begin() + u * n_classes;
    out.insert(out.end(), row, row + n_classes);
  }
  return out;
}

// How often each training entry is shown in an epoch, on average; nothing where all are once.
std::vector<double> weights_of(const BaselineRequest& request, const UnitRows& train) {
  const UnitSampling& sampling = request.sampling;
  if (sampling.balance.kind == "none") return {};
  const Bags bags = bags_of(request.train);
  const BagClasses disease{.of_bag = bags.label, .n_classes = std::ssize(request.train.classes())};
  BagClasses tissue;
  if (!sampling.tissue.empty()) {
    const BagColumn column = bag_column(request.train, bags, sampling.tissue, "[model.bag] tissue");
    tissue = {.of_bag = column.code, .n_classes = std::ssize(column.values)};
  }
  const auto draws = expected_draws(sampling.balance, disease, tissue);
  std::map<std::int32_t, double> of_unit;
  for (std::int64_t b = 0; b < bags.n_bags(); ++b) of_unit[request.train.unit_number(bags.cells[b][0])] = draws[b];
  std::vector<double> out;
  for (const std::int32_t unit : train.unit) out.push_back(of_unit.at(unit));
  return out;
}

// What is known of each unit, and what that is.
struct UnitKnowledge {
  std::string name, what;  // "pseudobulk", "the summed profile of each unit, 1,000 genes"
  TwoSides sides;
};

void ask_classifiers(const BaselineRequest& request, UnitKnowledge knowledge, const std::vector<std::string>& classifiers,
                     std::vector<BaselinePrediction>& out) {
  UnitTask task{.sides = std::move(knowledge.sides),
                .n_classes = std::ssize(request.train.classes()),
                .weight = {},
                .class_weights = request.sampling.class_weights,
                .seed = request.context.seed,
                .threads = request.context.threads};
  task.weight = weights_of(request, task.sides.train);
  const std::string sampled =
      task.weight.empty() ? "" : "; units weigh as the net's " + request.sampling.balance.kind + " shows them";
  for (const std::string classifier : kClassifierNames) {
    if (std::ranges::find(classifiers, classifier) == classifiers.end()) continue;
    const std::string suffix = classifier == "knn" ? " kNN" : classifier == "mlp" ? " MLP" : "";
    out.push_back(
        {.name = knowledge.name + suffix,
         .how = classifier_in_words(classifier, task, request.classifier) + " on " + knowledge.what + sampled,
         .probability = spread_over_cells(task.sides.asked, classify_units(classifier, task, request.classifier), task.n_classes)});
  }
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

UnitKnowledge covariates(const BaselineRequest& request) {
  return {.name = "covariates",
          .what = joined_in_words(request.covariates) + " alone, without a gene",
          .sides = shares_on_both_sides(request, request.covariates)};
}

UnitKnowledge composition(const BaselineRequest& request) {
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
  return {.name = "composition", .what = "the shares of " + types + ", centred log-ratios", .sides = std::move(sides)};
}

UnitKnowledge pseudobulk(const BaselineRequest& request) {
  return {.name = "pseudobulk",
          .what = "the summed profile of each unit, " + counted(request.preparation.genes.size(), "gene"),
          .sides = {pseudobulk_rows(request.train, request.preparation, request.profiles),
                    pseudobulk_rows(request.asked, request.preparation, request.profiles)}};
}

UnitKnowledge embedding(const BaselineRequest& request) {
  const UnitEmbedding& of = *request.embedding;
  return {.name = "embedding",
          .what = fmt::format("the mean of {} over the cells of each unit, {}, computed elsewhere", of.name,
                              counted(of.n_dimensions, "dimension")),
          .sides = {embedding_rows(request.train, of), embedding_rows(request.asked, of)}};
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
    const bool has_types = !request.cell_type.empty() || request.k_means_types > 0;
    if (name == "majority") out.push_back(majority(request));
    if (name == "covariates" && !request.covariates.empty()) ask_classifiers(request, covariates(request), {"logistic"}, out);
    if (name == "composition" && has_types) ask_classifiers(request, composition(request), request.classifiers, out);
    if (name == "pseudobulk") ask_classifiers(request, pseudobulk(request), request.classifiers, out);
    if (name == "embedding" && request.embedding != nullptr) ask_classifiers(request, embedding(request), request.classifiers, out);
    if (name == "cells") out.push_back(cells(request));
  }
  return out;
}

}  // namespace cellverdict
