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

std::string as_text(const ExplainResult& result, const ExplainRequest& request) {
  std::string text = fmt::format(
      "explained: {} of '{}'{} for {} ({}) of the test side\nconvergence: the attributions miss {:.2g} % of a unit's change "
      "(median), {:.2g} % at worst\n\n{:>4}  {:<16}  {:>12}  {:>12}  {:>13}\n",
      request.target, result.class_name, request.target == "difference" ? " against '" + result.against + "'" : "",
      counted(result.n_units, "unit"), counted(result.n_cells, "cell"), 100 * result.median_delta, 100 * result.worst_delta, "rank",
      "gene", "attribution", "magnitude", "expression");
  for (std::size_t r = 0; r < std::min(kShown, result.genes.size()); ++r)
    text += fmt::format("{:>4}  {:<16}  {:>12.3g}  {:>12.3g}  {:>13}\n", r + 1, result.genes[r].symbol, result.genes[r].attribution,
                        result.genes[r].magnitude, with_commas(result.genes[r].expression_rank));
  if (result.genes.size() > kShown)
    text += fmt::format("      … {} genes; expression: rank by differential expression between training units\n",
                        with_commas(result.n_genes));
  if (!result.sets.empty()) {
    text += fmt::format("\nsets among the first {} of {} genes\n", result.n_top, with_commas(result.n_genes));
    for (std::size_t s = 0; s < std::min(kShown, result.sets.size()); ++s)
      text += fmt::format("  {:<40}  {:>4} of {:>5}  odds ratio {:>8.3g}  adjusted p {:.2g}\n", result.sets[s].name,
                          result.sets[s].n_top, result.sets[s].n_genes, result.sets[s].odds_ratio, result.sets[s].p_adjusted);
  }
  for (const double agreement : result.random_agreement)
    text += fmt::format("\na net with fresh weights: Spearman's correlation of the genes' absolute attributions {:.2f}", agreement);
  for (const auto& other : result.agreement)
    text += fmt::format("\n{}: Spearman's correlation of the ranks of {} shared genes {:.2f}, Jaccard index of the first {} {:.2f}",
                        other.folder, with_commas(other.n_genes), other.correlation, other.n_first, other.jaccard);
  return text + (result.random_agreement.empty() && result.agreement.empty() ? "\nfiles: " : "\n\nfiles: ") + request.out.string() +
         "\n";
}

std::string as_json(const ExplainResult& result, const ExplainRequest& request) {
  using Json = nlohmann::ordered_json;
  Json genes = Json::array(), sets = Json::array(), compared = Json::array();
  for (const auto& other : result.agreement)
    compared.push_back({{"folder", other.folder},
                        {"n_genes", other.n_genes},
                        {"rank_correlation", other.correlation},
                        {"n_first", other.n_first},
                        {"jaccard", other.jaccard}});
  for (const auto& gene : result.genes)
    genes.push_back({{"id", gene.id},
                     {"symbol", gene.symbol},
                     {"attribution", gene.attribution},
                     {"magnitude", gene.magnitude},
                     {"expression_rank", gene.expression_rank}});
  for (const auto& set : result.sets)
    sets.push_back({{"set", set.name},
                    {"n_genes", set.n_genes},
                    {"n_top", set.n_top},
                    {"odds_ratio", set.odds_ratio},
                    {"p_value", set.p_value},
                    {"p_adjusted", set.p_adjusted}});
  return Json{{"out", request.out.string()},
              {"target", request.target},
              {"class", result.class_name},
              {"against", result.against},
              {"baseline", request.baseline},
              {"n_units", result.n_units},
              {"n_cells", result.n_cells},
              {"n_genes", result.n_genes},
              {"n_top", result.n_top},
              {"relative_convergence_delta", {{"median", result.median_delta}, {"worst", result.worst_delta}}},
              {"random_weights_correlation", result.random_agreement},
              {"compared", compared},
              {"genes", genes},
              {"sets", sets},
              {"warnings", result.warnings}}
             .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace

void explain_verb(const std::vector<std::string>& words) {
  std::string run, out, gmt;
  std::vector<std::string> compare;
  ExplainRequest request;
  CommonOptions common;
  Arguments arguments(
      "explain",
      "Which genes of which cells made a net of bags ([model] kind = \"bag\") say what it said of the test side's units: "
      "integrated\n"
      "gradients from a baseline to the cells. FOLDER then holds attributions.h5ad (units × genes), attributions_by_type.h5ad\n"
      "(types of cells × genes), genes.tsv, cells.tsv, types.tsv, with --gmt sets.tsv, and explain.json. An attribution says what\n"
      "moved this net, not what causes the disease.",
      {"cellverdict explain runs/lupus --out runs/lupus/explained --cell-type cell_type",
       "cellverdict explain runs/lupus --out why --baseline class-mean --class SLE --gmt hallmark.gmt"});
  arguments.positional("RUN", run, "a folder that `cellverdict run` or `train` wrote, or one of its variants or folds");
  arguments.option("--out,-o", out, "folder to write (needed)");
  arguments.option("--target", request.target, "probability, logit or difference of two logits");
  arguments.option("--baseline", request.baseline,
                   "what cells are compared with: zero, or class-mean: training cells of the other class, of the cell's own type "
                   "where --cell-type is given");
  arguments.option("--class", request.class_name, "the class that is explained (default: the positive one)");
  arguments.option("--against", request.against,
                   "the other class of a difference and of a class mean (default: the only other; "
                   "for class-mean of several all others)");
  arguments.option("--cell-type", request.cell_type, "obs column of cell types");
  arguments.option("--gmt", gmt, "sets of genes, by symbol or id: one set a line, name, description, genes, divided by tabs");
  arguments.option("--top", request.top, "so many first genes are compared with the sets, at most a tenth of the model's");
  arguments.option("--cells", request.cells, "cells of each unit, drawn by the training's seed; 0: all; -1: as in training");
  arguments.option("--random-weights", request.random_weights,
                   "so many nets with fresh weights are explained beside: an explanation that looks like theirs says nothing");
  arguments.option(
      "--compare", compare,
      "an earlier explanation, as of a model of another seed or fold: how far the ranks of genes agree; may be given again");
  arguments.option("--steps", request.steps, "of the quadrature along the path");
  add_common_options(arguments, common);
  arguments.parse(words);
  if (out.empty())
    throw UsageError({.where = "explain", .found = "no --out", .expected = "a folder to write", .advice = "give --out FOLDER"});
  request.run = run;
  request.out = out;
  request.gmt = gmt;
  request.compare.assign(compare.begin(), compare.end());
  const RunContext context = make_context("explain", common);
  const Stopwatch watch;
  const ExplainResult result = explain_run(context, request);
  print_result(common.json ? as_json(result, request) : as_text(result, request));
  log_resources(context, watch);
}

}  // namespace cellverdict
