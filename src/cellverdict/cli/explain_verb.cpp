#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/explain.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::size_t kShown = 10;

std::string heading(const ExplainResult& result, const ExplainRequest& request) {
  return fmt::format(
      "explained: {} of '{}'{} for {} ({}) of the test side{}\ncompared with: {}\ntypes of cells: {}\nconvergence: the "
      "attributions "
      "miss {:.2g} % of a unit's change (median), {:.2g} % at worst\n",
      request.target, result.class_name, request.target == "difference" ? " against '" + result.against + "'" : "",
      counted(result.n_units, "unit"), counted(result.n_cells, "cell"), result.model.empty() ? "" : ", model " + result.model,
      result.baseline, result.types_how, 100 * result.median_delta, 100 * result.worst_delta);
}

std::string types_as_text(const ExplainResult& result) {
  if (result.types.size() < 2) return {};
  std::string text =
      fmt::format("\n{:<32}  {:>14}  {:>14}  {:>10}\n", "type of cells", "mean in class", "mean in others", "adjusted p");
  for (std::size_t k = 0; k < std::min(kShown, result.types.size()); ++k) {
    const ExplainedType& type = result.types[k];
    text += fmt::format("{:<32}  {:>14.3g}  {:>14.3g}  {:>10.2g}\n",
                        type.markers.empty() ? type.name : type.name + " (" + type.markers + ")", type.mean, type.elsewhere_mean,
                        type.p_adjusted);
  }
  return text;
}

std::string sets_as_text(const ExplainResult& result) {
  std::string text;
  if (!result.sets.empty())
    text += fmt::format("\nsets among the first {} genes; background: the {} genes of the model\n", result.n_top,
                        with_commas(result.n_genes));
  for (std::size_t s = 0; s < std::min(kShown, result.sets.size()); ++s)
    text += fmt::format("  {:<40}  {:>4} of {:>5}  odds ratio {:>8.3g}  adjusted p {:.2g}\n", result.sets[s].name,
                        result.sets[s].n_top, result.sets[s].n_genes, result.sets[s].odds_ratio, result.sets[s].p_adjusted);
  if (!result.enriched.empty()) text += "\nsets along the ranking by signed attribution\n";
  for (std::size_t s = 0; s < std::min(kShown, result.enriched.size()); ++s)
    text += fmt::format("  {:<40}  {:>5} genes  normalised score {:>6.2f}  adjusted p {:.2g}\n", result.enriched[s].name,
                        result.enriched[s].n_genes, result.enriched[s].normalised, result.enriched[s].p_adjusted);
  return text;
}

std::string one_as_text(const ExplainResult& result, const ExplainRequest& request) {
  std::string text = heading(result, request) + fmt::format("\n{:>4}  {:<16}  {:>12}  {:>12}  {:>13}\n", "rank", "gene", "in class",
                                                            "in others", "expression");
  for (std::size_t r = 0; r < std::min(kShown, result.genes.size()); ++r)
    text += fmt::format("{:>4}  {:<16}  {:>12.3g}  {:>12.3g}  {:>13}\n", r + 1, result.genes[r].symbol, result.genes[r].in_class,
                        result.genes[r].elsewhere, with_commas(result.genes[r].expression_rank));
  if (result.genes.size() > kShown)
    text += fmt::format("      … {} genes; expression: rank by differential expression between training units\n",
                        with_commas(result.n_genes));
  text += types_as_text(result) + sets_as_text(result);
  for (const double agreement : result.random_agreement)
    text +=
        fmt::format("\na net with fresh weights: Spearman's correlation of the genes' absolute attributions {:.2f}\n", agreement);
  for (const auto& other : result.agreement)
    text +=
        fmt::format("\n{}: Spearman's correlation of the ranks of {} shared genes {:.2f}, Jaccard index of the first {} {:.2f}\n",
                    other.folder, with_commas(other.n_genes), other.correlation, other.n_first, other.jaccard);
  return text;
}

std::string as_text(const ExplainSummary& summary, const ExplainRequest& request) {
  std::string text;
  if (summary.results.size() == 1) text = one_as_text(summary.results[0], request);
  if (summary.results.size() > 1) {
    for (const auto& result : summary.results) {
      std::string first;
      for (std::size_t g = 0; g < std::min<std::size_t>(6, result.genes.size()); ++g)
        first += (g == 0 ? "" : ", ") + result.genes[g].symbol;
      text += fmt::format("{}'{}': {}\n", result.model.empty() ? "" : result.model + ", ", result.class_name, first);
    }
    text += "\n";
    const bool many_models = summary.results.front().model != summary.results.back().model;
    for (const auto& pair : summary.pairs) {
      // Of several models and classes: every class between models.
      if (many_models && summary.results[pair.first].class_name != summary.results[pair.second].class_name) continue;
      const auto name = [&](std::size_t i) {
        const ExplainResult& r = summary.results[i];
        return (r.model.empty() ? "" : r.model + ", ") + "'" + r.class_name + "'";
      };
      text += fmt::format(
          "{} and {}: Spearman's correlation of the ranks of {} shared genes {:.2f}, Jaccard index of the first {} {:.2f}\n",
          name(pair.first), name(pair.second), with_commas(pair.agreement.n_genes), pair.agreement.correlation,
          pair.agreement.n_first, pair.agreement.jaccard);
    }
  }
  return text + "\n" + (summary.folder / "explain.html").string() + "\n";
}

using Json = nlohmann::ordered_json;

Json sets_as_json(const std::vector<ExplainedSet>& sets) {
  Json out = Json::array();
  for (const auto& set : sets) {
    out.push_back({{"set", set.name}});
    if (!set.cell_type.empty()) out.back()["cell_type"] = set.cell_type;
    out.back()["n_genes"] = set.n_genes;
    out.back()["n_top"] = set.n_top;
    out.back()["odds_ratio"] = set.odds_ratio;
    out.back()["p_value"] = set.p_value;
    out.back()["p_adjusted"] = set.p_adjusted;
  }
  return out;
}

Json agreement_as_json(const ExplanationAgreement& agreement) {
  return {{"n_genes", agreement.n_genes},
          {"rank_correlation", agreement.correlation},
          {"n_first", agreement.n_first},
          {"jaccard", agreement.jaccard}};
}

Json one_as_json(const ExplainResult& result, const ExplainRequest& request) {
  Json genes = Json::array(), types = Json::array(), enriched = Json::array(), compared = Json::array();
  for (const auto& other : result.agreement) {
    compared.push_back({{"folder", other.folder}});
    compared.back().update(agreement_as_json(other));
  }
  for (const auto& gene : result.genes)
    genes.push_back({{"id", gene.id},
                     {"symbol", gene.symbol},
                     {"attribution", gene.attribution},
                     {"magnitude", gene.magnitude},
                     {"in_class", gene.in_class},
                     {"elsewhere", gene.elsewhere},
                     {"expression_rank", gene.expression_rank}});
  for (const auto& type : result.types)
    types.push_back({{"cell_type", type.name},
                     {"markers", type.markers},
                     {"n_units", type.n_in_class},
                     {"n_other_units", type.n_elsewhere},
                     {"mean", type.mean},
                     {"other_mean", type.elsewhere_mean},
                     {"p_value", type.p_value},
                     {"p_adjusted", type.p_adjusted}});
  for (const auto& set : result.enriched)
    enriched.push_back({{"set", set.name},
                        {"n_genes", set.n_genes},
                        {"score", set.score},
                        {"normalised_score", set.normalised},
                        {"p_value", set.p_value},
                        {"p_adjusted", set.p_adjusted}});
  return {{"out", result.folder.string()},
          {"model", result.model},
          {"target", request.target},
          {"class", result.class_name},
          {"against", result.against},
          {"baseline", result.baseline},
          {"cell_types", result.types_how},
          {"n_units", result.n_units},
          {"auc_of_units", result.auc},
          {"n_cells", result.n_cells},
          {"n_genes", result.n_genes},
          {"n_top", result.n_top},
          {"relative_convergence_delta", {{"median", result.median_delta}, {"worst", result.worst_delta}}},
          {"random_weights_correlation", result.random_agreement},
          {"compared", compared},
          {"genes", genes},
          {"types", types},
          {"sets", sets_as_json(result.sets)},
          {"sets_by_type", sets_as_json(result.sets_by_type)},
          {"enrichment", enriched},
          {"warnings", result.warnings}};
}

// One explanation as it is; of several a list, and how far they agree.
std::string as_json(const ExplainSummary& summary, const ExplainRequest& request) {
  Json json;
  if (summary.results.size() == 1) {
    json = one_as_json(summary.results[0], request);
  } else {
    Json results = Json::array(), pairs = Json::array();
    for (const auto& result : summary.results) results.push_back(one_as_json(result, request));
    const bool many_models = summary.results.front().model != summary.results.back().model;
    for (const auto& pair : summary.pairs) {
      // Of several models and classes: every class between models.
      if (many_models && summary.results[pair.first].class_name != summary.results[pair.second].class_name) continue;
      pairs.push_back({{"first", pair.first}, {"second", pair.second}});
      pairs.back().update(agreement_as_json(pair.agreement));
    }
    json = {{"out", summary.folder.string()}, {"explanations", results}, {"agreement", pairs}};
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

void explain_verb(const std::vector<std::string>& words) {
  std::string run, out;
  bool no_pictures = false;
  std::vector<std::string> compare, gmt;
  ExplainRequest request;
  CommonOptions common;
  Arguments arguments(
      "explain",
      "Which genes of which cells made a net of bags ([model] kind = \"bag\") say what it said of the test side's units: "
      "integrated\n"
      "gradients from a baseline to the cells. FOLDER then holds explain.html, the same in files (attributions.h5ad, "
      "attributions_by_type.h5ad,\n"
      "genes.tsv, cells.tsv, types.tsv, …) and figures. An attribution says what moved this net, not what causes the disease.",
      {"cellverdict explain runs/lupus", "cellverdict explain runs/lupus --class all --gmt hallmark.gmt --out why",
       "cellverdict explain runs/lupus --all-models",
       "cellverdict explain runs/lupus --baseline-where \"disease == 'normal' and age < 40\""});
  arguments.positional("RUN", run, "a folder that `cellverdict run` or `train` wrote, or one of its variants or folds");
  arguments.option("--out,-o", out, "folder to write (default: explained/ in RUN, to which the report of RUN then links)");
  arguments.option("--target", request.target, "probability, logit or difference of two logits");
  arguments.option("--class", request.class_name, "the class that is explained (default: the positive one); all: each in turn");
  arguments.option("--against", request.against,
                   "the other class of a difference and of a class mean (default: the only other; "
                   "for class-mean of several all others)");
  arguments.option("--cells", request.cells, "cells of each unit, drawn by the training's seed; 0: all; -1: as in training");
  arguments.option("--steps", request.steps, "of the quadrature along the path");
  arguments.group("What cells are compared with");
  arguments.option("--baseline", request.baseline,
                   "class-mean: the mean training cell of the other class, of each cell's own type; zero: no expression at all "
                   "(default: class-mean)");
  arguments.option("--baseline-where", request.baseline_where,
                   "instead: the mean of the training cells that an expression keeps, of each cell's own type");
  arguments.group("Types of cells");
  arguments.option("--cell-type", request.cell_type, "obs column of cell types (default: cell_type where there is one)");
  arguments.option("--types", request.types,
                   "so many types found by k-means among the training cells; 0: none; -1: the column, or 10 where there is none");
  arguments.flag("--per-unit-types", request.per_unit_types,
                 "keep the genes of every type in every unit too: attributions_by_unit_and_type.h5ad");
  arguments.group("What the explanation is held against");
  arguments.option("--gmt", gmt,
                   "sets of genes, by symbol or id: one set a line, name, description, genes, divided by tabs; may be given again");
  arguments.option("--top", request.top, "so many first genes are compared with the sets, at most a tenth of the model's");
  arguments.flag("--all-models", request.all_models,
                 "explain every model in RUN (folds, variants, training seeds) and say how far they agree");
  arguments.option(
      "--compare", compare,
      "an earlier explanation, as of a model of another seed or fold: how far the ranks of genes agree; may be given again");
  arguments.option("--random-weights", request.random_weights,
                   "so many nets with fresh weights are explained beside: an explanation that looks like theirs says nothing");
  arguments.flag("--no-pictures", no_pictures, "no PNG and SVG beside the page");
  add_common_options(arguments, common);
  arguments.parse(words);
  request.run = run;
  request.out = out;
  request.pictures = !no_pictures;
  request.gmt.assign(gmt.begin(), gmt.end());
  request.compare.assign(compare.begin(), compare.end());
  const RunContext context = make_context("explain", common);
  const Stopwatch watch;
  const ExplainSummary summary = explain_run(context, request);
  if (!summary.pictures_note.empty() && request.pictures) context.warn(summary.pictures_note);
  print_result(common.json ? as_json(summary, request) : as_text(summary, request));
  log_resources(context, watch);
}

}  // namespace cellverdict
