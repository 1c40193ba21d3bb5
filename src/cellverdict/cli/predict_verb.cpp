#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/predict.h>
#include <cellverdict/table/frame.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

namespace {

std::string as_text(const PredictResult& result, const std::string& file) {
  std::size_t width = 4;
  for (const auto& unit : result.units) width = std::max(width, unit.unit.size());
  std::string text = fmt::format(
      "genes: {} of the model's {} ({:.1f} %) found by {}, with {:.1f} % of their variance\ndepth: {:.2f} times the training "
      "cells\n",
      with_commas(result.n_genes_found), with_commas(result.n_model_genes),
      100 * static_cast<double>(result.n_genes_found) / static_cast<double>(result.n_model_genes), result.matched_by,
      100 * result.overlap, result.depth_ratio);
  if (result.n_known_units > 0)
    text += fmt::format("familiarity: the share of {} held out of training that lie as far from the {} training units\n",
                        counted(result.n_held_out, "unit"), with_commas(result.n_known_units));
  if (result.n_draws > 0)
    text += fmt::format("probabilities: means over {} of a unit's cells\n", counted(result.n_draws, "drawing"));
  text += fmt::format("\n{:<{}}  {:>9}  {:>9}", "unit", width, "cells", "pass QC");
  for (const auto& name : result.classes) text += fmt::format("  {:>12}", "p_" + name);
  if (result.n_known_units > 0) text += fmt::format("  {:>11}", "familiarity");
  text += "  predicted\n";
  for (const auto& unit : result.units) {
    text += fmt::format("{:<{}}  {:>9}  {:>9}", unit.unit, width, with_commas(unit.n_cells), with_commas(unit.n_passing));
    for (std::size_t c = 0; c < result.classes.size(); ++c)
      text += unit.probability.empty() ? fmt::format("  {:>12}", "-") : fmt::format("  {:>12.4f}", unit.probability[c]);
    if (result.n_known_units > 0)
      text += unit.familiarity ? fmt::format("  {:>11.3f}", unit.familiarity->score) : fmt::format("  {:>11}", "-");
    text += "  " + (unit.abstains ? std::string(kAbstains) : unit.predicted.empty() ? "not called" : unit.predicted) + "\n";
  }
  return text + (result.n_draws > 0 ? "\nunits: " : "\ncells: ") + file + "\n";
}

std::string as_json(const PredictResult& result, const std::string& file) {
  using Json = nlohmann::ordered_json;
  Json units = Json::array();
  for (const auto& unit : result.units) {
    units.push_back({{"unit", unit.unit},
                     {"n_cells", unit.n_cells},
                     {"n_passing", unit.n_passing},
                     {"probability", unit.probability},
                     {"predicted", unit.predicted},
                     {"abstains", unit.abstains},
                     {"why_not", unit.why_not},
                     {"familiarity", unit.familiarity ? Json(unit.familiarity->score) : Json()},
                     {"times_usual_distance", unit.familiarity ? Json(unit.familiarity->times) : Json()}});
    if (result.n_draws == 0) continue;
    units.back()["n_drawn"] = unit.n_drawn;
    units.back()["sd_over_draws"] = unit.spread;
  }
  return Json{{"file", file},
              {"classes", result.classes},
              {"n_cells", result.n_cells},
              {"n_model_genes", result.n_model_genes},
              {"n_genes_found", result.n_genes_found},
              {"overlap", result.overlap},
              {"matched_by", result.matched_by},
              {"depth_ratio", result.depth_ratio},
              {"n_draws", result.n_draws},
              {"n_known_units", result.n_known_units},
              {"n_held_out", result.n_held_out},
              {"units", units},
              {"warnings", result.warnings}}
             .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

double share_of(const std::string& option, const std::string& text) {
  const auto number = parse_number(text);
  if (!number || !(*number >= 0 && *number <= 1))
    throw UsageError({.where = option, .found = "'" + text + "'", .expected = "0 to 1", .advice = ""});
  return *number;
}

}  // namespace

void predict_verb(const std::vector<std::string>& words) {
  std::string model, out = "predictions.tsv", write_into, out_units, out_cells;
  std::optional<double> abstain, least_confidence;
  PredictRequest request;
  CommonOptions common;
  Arguments arguments(
      "predict",
      "What a saved model says of new cells, per cell and per library or donor; a model of bags of cells speaks of units "
      "alone. The files\n"
      "must hold raw counts. Genes are found by id, else by symbol; those that are not there count as zero. "
      "Beside each call stands how\n"
      "familiar the unit is to the model: the share of units held out of training that lie as far from it. "
      "Research use: this is no\n"
      "diagnosis.",
      {"cellverdict predict runs/demo/day-matched-A/model new.h5ad -o new.tsv",
       "cellverdict predict model samples.csv --unit library --json",
       "cellverdict predict runs/patients/model new.h5ad --unit donor --abstain 0.05 --out-cells attention.tsv",
       "cellverdict predict model new.h5ad --write-into new_called.h5ad"});
  arguments.positional("MODEL", model, "a model folder that `cellverdict run` wrote, such as runs/demo/model");
  arguments.positional("FILE", request.files, "files, 10x folders, folders of libraries, or one sample sheet");
  arguments.option("--out,-o", out, "table to write, one line a cell; of a model of bags one line a unit");
  arguments.option("--out-units", out_units, "models of single cells: also a table with one line a unit");
  arguments.option("--out-cells", out_cells, "models of bags: also a table with one line a cell and its share of attention");
  arguments.option("--write-into", write_into,
                   "also write a copy of the one .h5ad FILE under this name, with the predictions in obs");
  arguments.option("--unit", request.unit, "obs column of libraries or donors (default: the model's, else one unit per source)");
  arguments.option("--where", request.where,
                   "which cells, for example cell_type == 'monocyte'; all: every cell (default: as the model was trained)");
  arguments.option("--gene-map", request.gene_map,
                   "a table of Ensembl ids and symbols (TSV or CSV), for files that name genes in another way than the model");
  arguments.option("--layer", request.layer, "h5ad, loom: X, raw or a layer's name (default: the matrix with the counts)");
  arguments.option("--genome", request.genome, "10x HDF5 of several genomes: the one to read");
  arguments.option("--min-overlap", request.min_overlap, "refuse when fewer of the model's genes are there, by share of variance");
  arguments.group("Models of bags");
  arguments.option("--cells", request.cells, "cells drawn of each unit; 0: all (default, -1: as in training)");
  arguments.option("--draws", request.draws, "drawings of cells whose probabilities are averaged");
  arguments.group("No call rather than a bad one");
  arguments.option(
      "--abstain", [&](const std::string& text) { abstain = share_of("--abstain", text); },
      "no call for units whose familiarity is this or less, such as 0.05: so many units of the training's kind are lost", "never");
  arguments.option(
      "--least-confidence", [&](const std::string& text) { least_confidence = share_of("--least-confidence", text); },
      "no call for units whose class is less probable than this", "any");
  add_common_options(arguments, common);
  arguments.parse(words);
  if (request.min_overlap < 0 || request.min_overlap > 1)
    throw UsageError({.where = "--min-overlap",
                      .found = fmt::format("{}", request.min_overlap),
                      .expected = "0 to 1",
                      .advice = "0.8 is the default"});
  if (request.cells < -1 || request.draws < 1)
    throw UsageError({.where = request.draws < 1 ? "--draws" : "--cells",
                      .found = std::to_string(request.draws < 1 ? request.draws : request.cells),
                      .expected = request.draws < 1 ? "at least 1" : "0 (all), -1 (as in training), or a number of cells",
                      .advice = ""});
  request.model = model;
  request.out_units = out_units;
  request.out_cells = out_cells;
  request.abstain = abstain;
  request.least_confidence = least_confidence;
  request.out = out;
  request.write_into = write_into;
  const RunContext context = make_context("predict", common);
  const Stopwatch watch;
  const PredictResult result = predict_files(context, request);
  print_result(common.json ? as_json(result, out) : as_text(result, out));
  log_resources(context, watch);
}

}  // namespace cellverdict
