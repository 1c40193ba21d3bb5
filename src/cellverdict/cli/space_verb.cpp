#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/space.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

double share(std::int64_t n_right, std::int64_t n) {
  return n > 0 ? static_cast<double>(n_right) / static_cast<double>(n) : 0;
}

std::string in_brackets(const MaybeInterval& interval) {
  return interval.interval ? fmt::format(" ({:.3f} to {:.3f})", interval.interval->low, interval.interval->high) : "";
}

std::string as_text(const SpaceResult& result, const std::string& out) {
  const SpaceReport& report = result.report;
  std::string text = fmt::format("{} × {} features of {}\n", counted(report.n_units, report.unit_noun),
                                 with_commas(report.tables.front().n_features), report.tables.front().name);
  for (const auto& s : report.neighbours)
    text += fmt::format("{} by {} nearest others in {}: {:.3f}{} right; most frequent label {:.3f}\n", s.column, s.n_neighbours,
                        s.table, share(s.n_right, s.n), in_brackets(s.accuracy), s.majority);
  if (!report.groups.counts.empty()) {
    const auto& c = report.groups.counts[report.groups.chosen];
    text += fmt::format("subgroups: {}, adjusted Rand index with samples of 80 % {:.2f}\n", c.n_groups, c.between_samples);
  }
  for (const auto& r : report.responses)
    text += fmt::format("{} by {}: {:.3f}{} right{}\n", report.response, r.method, share(r.n_right, r.n), in_brackets(r.accuracy),
                        r.auc ? fmt::format(", AUC {:.3f} ({:.3f} to {:.3f})", r.auc->estimate, r.auc->low, r.auc->high) : "");
  return text + out + "/space.html\n";
}

std::string as_json(const SpaceResult& result) {
  const SpaceReport& report = result.report;
  Json neighbours = Json::array(), groups = Json::array(), goes_with = Json::array(), differences = Json::array(),
       responses = Json::array();
  const auto with_interval = [](Json row, const MaybeInterval& interval) {
    row["low"] = interval.interval ? Json(interval.interval->low) : Json(nullptr);
    row["high"] = interval.interval ? Json(interval.interval->high) : Json(nullptr);
    return row;
  };
  for (const auto& s : report.neighbours)
    neighbours.push_back(with_interval({{"table", s.table},
                                        {"column", s.column},
                                        {"n", s.n},
                                        {"accuracy", share(s.n_right, s.n)},
                                        {"balanced_accuracy", s.balanced_accuracy},
                                        {"majority", s.majority}},
                                       s.accuracy));
  for (const auto& c : report.groups.counts)
    groups.push_back({{"n_groups", c.n_groups},
                      {"between_starts", c.between_starts},
                      {"between_samples", c.between_samples},
                      {"chosen", &c == &report.groups.counts[report.groups.chosen]}});
  for (const auto& a : report.associations)
    goes_with.push_back(
        {{"column", a.column}, {"measure", a.measure}, {"strength", a.strength}, {"p", a.p_value}, {"adjusted", a.adjusted}});
  for (const auto& d : report.differences)
    differences.push_back({{"number", d.number},
                           {"test", d.test},
                           {"levels", d.levels},
                           {"median", d.median},
                           {"p", d.p_value},
                           {"bonferroni", d.bonferroni},
                           {"fdr", d.fdr}});
  for (const auto& r : report.responses) {
    Json row = {{"method", r.method}, {"n", r.n}, {"accuracy", share(r.n_right, r.n)}, {"balanced_accuracy", r.balanced_accuracy}};
    row["auc"] = r.auc ? Json(r.auc->estimate) : Json(nullptr);
    responses.push_back(with_interval(std::move(row), r.accuracy));
  }
  Json files = Json::array();
  for (const auto& path : result.written) files.push_back(path.string());
  return Json{{"n_units", report.n_units}, {"warnings", report.warnings}, {"notes", report.notes},
              {"neighbours", neighbours},  {"subgroups", groups},         {"associations", goes_with},
              {"severity", differences},   {"response", responses},       {"files", files}}
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

void check(const SpaceRequest& request) {
  if (request.distance != "euclidean" && request.distance != "cosine")
    throw UsageError(
        {.where = "--distance", .found = "'" + request.distance + "'", .expected = "euclidean or cosine", .advice = ""});
  if (request.neighbours < 1 || request.top_labels < 1 || request.top_labels > 8)
    throw UsageError({.where = request.neighbours < 1 ? "--neighbours" : "--top-labels",
                      .found = std::to_string(request.neighbours < 1 ? request.neighbours : request.top_labels),
                      .expected = request.neighbours < 1 ? "at least 1" : "1 to 8, as many colours as can be told apart",
                      .advice = ""});
  if (request.out.empty())
    throw UsageError({.where = "--out", .found = "nothing", .expected = "a folder to write", .advice = "for example --out space"});
  if (!request.values.empty() && request.severity.empty())
    throw UsageError({.where = "--values",
                      .found = "no --severity",
                      .expected = "the column whose levels the values are compared between",
                      .advice = ""});
}

}  // namespace

void space_verb(const std::vector<std::string>& words) {
  std::string input, out, values, trained_on;
  SpaceRequest request;
  CommonOptions common;
  Arguments arguments(
      "space",
      "How units lie in an embedding: drawn by principal components and UMAP, whether neighbours share a label (each "
      "unit left out in\nturn), how alike labels are, which subgroups are stable and what goes with them.",
      {"cellverdict space runs/patients", "cellverdict space patients.h5ad --colour disease --colour tissue --out space",
       "cellverdict space patients.h5ad --severity severity --study study --beside X_pseudobulk --values attributions.tsv --out "
       "severity",
       "cellverdict space patients.h5ad --response response --person donor --out response"});
  arguments.positional("INPUT", input, "an .h5ad file with one row a unit, or a run folder that has patients.h5ad");
  arguments.option(
      "--out", out,
      "folder for space.html, its tables and figures, and space.h5ad with X_pca and X_umap (default: space/ in the run "
      "folder)");
  arguments.option("--colour", request.colour,
                   "annotation (obs column) to colour units by and to ask neighbours about; may be given again");
  arguments.option("--embedding", request.embedding, "name in obsm, or X (default: X_patient, else the only one there, else X)");
  arguments.option("--beside", request.beside,
                   "another table of the file to hold it against (obsm or X), by its principal components");
  arguments.option("--where", request.where, "which rows, for example disease == 'COVID-19' (default: all)");
  arguments.option("--person", request.person, "annotation of people: units of one never vouch for each other");
  arguments.option("--split", request.split,
                   "annotation of train, validation, test: only labels found in each are drawn in colour");
  arguments.option("--top-labels", request.top_labels, "most labels drawn in colour, the most frequent");
  arguments.option("--neighbours", request.neighbours, "nearest others that are asked for a label");
  arguments.option("--distance", request.distance, "euclidean or cosine");
  arguments.option("--unit-noun", request.unit_noun, "what a row is: patient, donor, sample");
  arguments.group("Severity and response");
  arguments.option("--severity", request.severity, "annotation between whose levels every number of obs and --values is compared");
  arguments.option("--study", request.study, "annotation that should not be told by neighbours, beside the severity");
  arguments.option("--values", values,
                   "a table, unit names first, with numbers to compare: attributions of cell types, probabilities");
  arguments.option("--trained-on", trained_on,
                   "the run folder of the model, or an .h5ad of the units it was trained on: warns where any of them is here, by "
                   "name, by embedding and, of two run folders, by cells");
  arguments.option("--response", request.response,
                   "annotation to be told by a logistic regression on the embedding, each person left out in turn");
  add_common_options(arguments, common);
  arguments.parse(words);
  request.input = input;
  request.out = out;
  request.values = values;
  request.trained_on = trained_on;
  request = with_defaults(std::move(request));
  check(request);
  const RunContext context = make_context("space", common);
  const Stopwatch watch;
  const SpaceResult result = map_space(context, request);
  for (const auto& warning : result.report.warnings) context.warn(warning);
  for (const auto& note : result.report.notes) context.log("note: " + note);
  if (!result.pictures_note.empty()) context.warn(result.pictures_note);
  print_result(common.json ? as_json(result) : as_text(result, request.out.string()));
  log_resources(context, watch);
}

}  // namespace cellverdict
