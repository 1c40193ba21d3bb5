#include <cellverdict/evaluate/baselines.h>

#include <cellverdict/encode/bags.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/evaluate/cell_types.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/stats/principal_components.h>

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

// Training cells spread over the view, as many as a regression on cells is shown.
std::vector<std::int64_t> shown_cells(const TrainView& train) {
  const std::int64_t n = std::min(kMostTrainingCells, train.n_cells());
  std::vector<std::int64_t> cells;
  for (std::int64_t k = 0; k < n; ++k) cells.push_back(k * train.n_cells() / n);
  return cells;
}

// The regression on cells, whatever is known of each.
class CellRegression {
 public:
  CellRegression(const BaselineRequest& request, const std::vector<std::int64_t>& shown)
      : n_classes_(std::ssize(request.train.classes())),
        // The penalty of one observation for every hundred cells: cells of one unit repeat each other.
        options_{.c = 0.01, .class_weights = ClassWeights::balanced, .tolerance = 1e-3, .threads = request.context.threads} {
    for (const std::int64_t i : shown) truth_.push_back(request.train.label(i));
  }

  template <class Features>
  void fit(const Features& features) {
    model_ = fit_logistic(rows_of(features), truth_, n_classes_, options_);
  }
  template <class Features>
  void ask(const Features& features, std::vector<double>& out) const {
    const auto part = apply_logistic(model_, rows_of(features), options_.threads);
    out.insert(out.end(), part.begin(), part.end());
  }

 private:
  std::int64_t n_classes_;
  LogisticOptions options_;
  std::vector<std::int32_t> truth_;
  LogisticModel model_;
};

SparseFeatures features_of(const CsrBlock& block, std::int64_t n_genes) {
  return {block.indptr, block.indices, block.values, n_genes};
}

CsrBlock gather(const PreparedCells& prepared, const std::vector<std::int64_t>& cells) {
  CsrBlock block;
  for (const std::int64_t i : cells) prepared.append(i, block);
  return block;
}

// Calls work(features) for the cells asked about, some thousand at a time.
template <class Work>
void each_asked(const BaselineRequest& request, const Work& work) {
  const PreparedCells asked(request.asked, request.preparation, 0);
  for (const auto& batch : ordered_batches(asked.n_cells(), 4096)) work(features_of(gather(asked, batch), asked.n_genes()));
}

BaselinePrediction cells(const BaselineRequest& request) {
  const std::vector<std::int64_t> shown = shown_cells(request.train);
  const std::int64_t n_genes = request.preparation.genes.size();
  const CsrBlock taught = gather(PreparedCells(request.train, request.preparation, 0), shown);
  CellRegression regression(request, shown);
  regression.fit(features_of(taught, n_genes));
  BaselinePrediction out{.name = "cells",
                         .how = fmt::format("logistic regression on {} training cells, {} genes", with_commas(std::ssize(shown)),
                                            with_commas(n_genes))};
  each_asked(request, [&](const SparseFeatures& features) { regression.ask(features, out.probability); });
  return out;
}

BaselinePrediction principal_components(const BaselineRequest& request) {
  const std::vector<std::int64_t> shown = shown_cells(request.train);
  const std::int64_t n_genes = request.preparation.genes.size();
  const CsrBlock taught = gather(PreparedCells(request.train, request.preparation, 0), shown);
  const int threads = request.context.threads;
  const PrincipalComponents pca = fit_principal_components(
      RowBlocks{
          .n_rows = std::ssize(shown), .n_features = n_genes, .read = [&](const auto& see) { see(features_of(taught, n_genes)); }},
      {.components = std::min({std::int64_t{256}, n_genes, std::ssize(shown) - 1}),
       .seed = request.context.seed,
       .threads = threads});
  const auto scores = [&](const SparseFeatures& rows) { return project_rows(pca, rows, threads); };
  CellRegression regression(request, shown);
  const std::vector<double> known = scores(features_of(taught, n_genes));
  regression.fit(DenseFeatures{known, pca.n_components});
  BaselinePrediction out{.name = "pca",
                         .how = fmt::format("logistic regression on {} principal components of {} training cells, {} genes",
                                            pca.n_components, with_commas(std::ssize(shown)), with_commas(n_genes))};
  each_asked(request, [&](const SparseFeatures& features) {
    const std::vector<double> some = scores(features);
    regression.ask(DenseFeatures{some, pca.n_components}, out.probability);
  });
  return out;
}

BaselinePrediction latent(const BaselineRequest& request) {
  const std::vector<std::int64_t> shown = shown_cells(request.train);
  const std::int64_t n = request.latents->n;
  const std::vector<float> all = request.latents->of_view(request.train), asked = request.latents->of_view(request.asked);
  std::vector<double> known;
  for (const std::int64_t i : shown) known.insert(known.end(), all.begin() + i * n, all.begin() + (i + 1) * n);
  CellRegression regression(request, shown);
  regression.fit(DenseFeatures{known, n});
  BaselinePrediction out{
      .name = "latent",
      .how = fmt::format("logistic regression on the {} latent numbers of {} training cells", n, with_commas(std::ssize(shown)))};
  const std::vector<double> rows(asked.begin(), asked.end());
  regression.ask(DenseFeatures{rows, n}, out.probability);
  return out;
}

UnitKnowledge latent_mean(const BaselineRequest& request) {
  const auto means = [&](const CellView& view) {
    const std::vector<float> numbers = request.latents->of_view(view);
    const std::int64_t n = request.latents->n;
    UnitRows rows = unit_rows(view, n);
    std::vector<double> cells(static_cast<std::size_t>(rows.size()));
    for (std::size_t i = 0; i < rows.of_cell.size(); ++i) {
      const std::int32_t u = rows.of_cell[i];
      ++cells[u];
      for (std::int64_t k = 0; k < n; ++k) rows.at(u, k) += numbers[static_cast<std::int64_t>(i) * n + k];
    }
    for (std::size_t u = 0; u < cells.size(); ++u)
      for (std::int64_t k = 0; k < n; ++k) rows.at(static_cast<std::int64_t>(u), k) /= cells[u];
    return rows;
  };
  return {.name = "latent mean",
          .what = fmt::format("the mean of {} latent numbers over the cells of each unit", request.latents->n),
          .sides = {means(request.train), means(request.asked)}};
}

const BaselinePrediction* made_before(const BaselineRequest& request, const std::string& name) {
  if (request.made == nullptr) return nullptr;
  const auto found = std::ranges::find(*request.made, name, &BaselinePrediction::name);
  return found == request.made->end() ? nullptr : &*found;
}

}  // namespace

std::vector<BaselinePrediction> predict_baselines(const BaselineRequest& request, const std::vector<std::string>& names) {
  std::vector<BaselinePrediction> out;
  for (const std::string name : kBaselineNames) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (const BaselinePrediction* made = made_before(request, name)) {
      out.push_back(*made);
      continue;
    }
    const bool has_types = !request.cell_type.empty() || request.k_means_types > 0;
    if (name == "majority") out.push_back(majority(request));
    if (name == "covariates" && !request.covariates.empty()) ask_classifiers(request, covariates(request), {"logistic"}, out);
    if (name == "composition" && has_types) ask_classifiers(request, composition(request), request.classifiers, out);
    if (name == "pseudobulk") ask_classifiers(request, pseudobulk(request), request.classifiers, out);
    if (name == "embedding" && request.embedding != nullptr) ask_classifiers(request, embedding(request), request.classifiers, out);
    if (name == "cells") out.push_back(cells(request));
    if (name == "pca") out.push_back(principal_components(request));
    if (name == "latent" && request.latents != nullptr) out.push_back(latent(request));
    if (name == "latent mean" && request.latents != nullptr)
      ask_classifiers(request, latent_mean(request), request.classifiers, out);
  }
  return out;
}

}  // namespace cellverdict
