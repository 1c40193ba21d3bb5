#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/inspect.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

namespace {

// A few values; of a measurement such as the age its range.
std::string values_of(const InspectedColumn& column) {
  if (column.kind == "number" && column.values.size() <= 20) {
    std::vector<std::string> short_ones;
    for (const auto& value : column.values) short_ones.push_back(fmt::format("{:.6g}", std::stod(value)));
    return listed(short_ones, 6);
  }
  if (column.kind != "number") return listed(column.values, 6);
  return fmt::format("{:.4g} to {:.4g}", std::stod(column.values.front()), std::stod(column.values.back()));
}

// Kept apart by their ids, as they should be; a reader who knows the symbol alone would see one gene twice.
std::string shared_in_words(const std::vector<std::string>& symbols) {
  return fmt::format("; {} of several ids, kept apart: {}", counted(std::ssize(symbols), "symbol"), listed(symbols, 5));
}

std::string counted_values(const InspectedStudy::Counted& values, std::int64_t n_values) {
  std::string text;
  for (const auto& [value, n] : values) text += (text.empty() ? "" : "; ") + value + " (" + with_commas(n) + ")";
  const auto more = n_values - std::ssize(values);
  return text + (more > 0 ? fmt::format("; … {} more", more) : "");
}

std::string study_as_text(const InspectedSource& s) {
  const InspectedStudy& about = *s.study;
  std::string text = fmt::format("{}  {}  {} × {}{}\n", s.name, s.format, counted(s.n_cells, "sample"), counted(s.n_genes, "probe"),
                                 s.array_values.empty() ? "" : "  values: " + s.array_values);
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<12} {}\n", name, value);
  };
  line("accession", about.study.accession);
  line("title", about.study.title);
  line("submitted", about.study.submitted);
  line("updated", about.study.updated);
  line("type", listed(about.study.types));
  line("platform", counted_values(about.platforms, std::ssize(about.platforms)));
  line("samples of", counted_values(about.sample_types, std::ssize(about.sample_types)));
  for (const auto& c : about.characteristics)
    text += fmt::format("  {}: {}{}\n", c.name, counted_values(c.commonest, c.n_values),
                        c.n_missing > 0 ? fmt::format("; missing in {}", with_commas(c.n_missing)) : "");
  for (const auto& note : s.notes) text += "  " + note + "\n";
  return text;
}

std::string as_text(const Inspection& result, const InspectOptions& options) {
  std::string text;
  for (const auto& s : result.sources) {
    if (s.study) {
      text += study_as_text(s);
      continue;
    }
    text += fmt::format("{}  {}  {} × {}{}  values: {}\n", s.name, s.format, counted(s.n_cells, "cell"), counted(s.n_genes, "gene"),
                        s.n_nonzero >= 0 ? ", " + with_commas(s.n_nonzero) + " non-zero" : "", value_state_name(s.state));
    text +=
        "  genes go by " + gene_naming_name(s.naming) + (s.shared_symbols.empty() ? "" : shared_in_words(s.shared_symbols)) + "\n";
    const bool sums = s.state == ValueState::counts || s.state == ValueState::fractional_counts;
    text += fmt::format("  first cells: median {}{} genes; {} mitochondrial genes{}\n",
                        sums ? with_commas(static_cast<std::int64_t>(s.median_total)) + " counts, " : "",
                        with_commas(static_cast<std::int64_t>(s.median_genes)), s.n_mitochondrial,
                        s.mitochondrial_rule.empty() ? "" : " (by " + s.mitochondrial_rule + ")");
    if (!s.array_values.empty()) text += "  as arrays: " + s.array_values + "\n";
    if (s.layers.size() > 1) text += "  matrices: " + listed(s.layers, 20) + "\n";
    if (!s.embeddings.empty()) text += "  embeddings (obsm): " + listed(s.embeddings, 20) + "\n";
    for (const auto& note : s.notes) text += "  " + note + "\n";
  }
  if (result.sources.size() > 1) text += fmt::format("{} sources, {} cells\n", result.sources.size(), with_commas(result.n_cells));
  text += "\nobs columns\n";
  for (const auto& c : result.columns)
    text +=
        fmt::format("  {:<24} {:<6} {:>6} values{}  {}\n", c.name, c.kind, with_commas(static_cast<std::int64_t>(c.values.size())),
                    c.n_missing > 0 ? ", " + with_commas(c.n_missing) + " missing" : "", values_of(c));
  if (!result.contingency.empty()) {
    text +=
        fmt::format("\n{} × {}: cells{}\n{:<16}", options.by, options.label, options.unit.empty() ? "" : " (units)", options.by);
    for (const auto& label : result.labels) text += fmt::format("{:>20}", label);
    text += "\n";
    for (const auto& row : result.contingency) {
      text += fmt::format("{:<16}", row.batch);
      for (std::size_t c = 0; c < result.labels.size(); ++c)
        text +=
            fmt::format("{:>20}", with_commas(row.n_cells[c]) + (options.unit.empty() ? "" : fmt::format(" ({})", row.n_units[c])));
      text += "\n";
    }
  }
  return text;
}

nlohmann::ordered_json study_as_json(const InspectedStudy& about) {
  using Json = nlohmann::ordered_json;
  const auto counts = [](const InspectedStudy::Counted& values) {
    Json out = Json::array();
    for (const auto& [value, n] : values) out.push_back({{"value", value}, {"n", n}});
    return out;
  };
  Json characteristics = Json::array();
  for (const auto& c : about.characteristics)
    characteristics.push_back(
        {{"name", c.name}, {"n_missing", c.n_missing}, {"n_values", c.n_values}, {"commonest", counts(c.commonest)}});
  return {{"accession", about.study.accession},
          {"title", about.study.title},
          {"submitted", about.study.submitted},
          {"updated", about.study.updated},
          {"types", about.study.types},
          {"platforms", counts(about.platforms)},
          {"sample_types", counts(about.sample_types)},
          {"characteristics", characteristics},
          {"supplementary_files", about.study.supplementary_files}};
}

std::string as_json(const Inspection& result) {
  using Json = nlohmann::ordered_json;
  Json sources = Json::array(), columns = Json::array(), contingency = Json::array();
  for (const auto& s : result.sources) {
    sources.push_back({{"name", s.name},
                       {"path", s.path},
                       {"format", s.format},
                       {"n_cells", s.n_cells},
                       {"n_genes", s.n_genes},
                       {"gene_ids", gene_naming_name(s.naming)},
                       {"n_versions", s.n_versions},
                       {"n_mapped", s.n_mapped},
                       {"n_summed", s.n_summed},
                       {"shared_symbols", s.shared_symbols},
                       {"n_mitochondrial", s.n_mitochondrial},
                       {"mitochondrial_by", s.mitochondrial_rule},
                       {"values", value_state_name(s.state)},
                       {"median_counts", s.median_total},
                       {"median_genes", s.median_genes},
                       {"layers", s.layers},
                       {"embeddings", s.embeddings},
                       {"notes", s.notes}});
    if (!s.array_values.empty()) sources.back()["array_values"] = s.array_values;
    if (s.study) sources.back()["study"] = study_as_json(*s.study);
  }
  for (const auto& c : result.columns)
    columns.push_back({{"name", c.name},
                       {"kind", c.kind},
                       {"n_missing", c.n_missing},
                       {"n_values", c.values.size()},
                       {"values", std::vector<std::string>(
                                      c.values.begin(), c.values.begin() + std::min<std::ptrdiff_t>(50, std::ssize(c.values)))}});
  for (const auto& row : result.contingency)
    contingency.push_back({{"batch", row.batch}, {"n_cells", row.n_cells}, {"n_units", row.n_units}});
  return Json{{"n_cells", result.n_cells}, {"sources", sources},         {"columns", columns},
              {"labels", result.labels},   {"contingency", contingency}, {"warnings", result.warnings}}
             .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace

void inspect_verb(const std::vector<std::string>& words) {
  InspectOptions options;
  CommonOptions common;
  Arguments arguments(
      "inspect", "What is in files: cells, genes, kind of values, annotations; with --label and --by a table and what it warns of.",
      {"cellverdict inspect data.h5ad", "cellverdict inspect samples.csv --label genotype --by day --unit library"});
  arguments.positional("FILE", options.files, "files, 10x folders, folders of libraries, or one sample sheet");
  arguments.option("--label", options.label, "annotation (obs column) you want to predict");
  arguments.option("--by", options.by, "annotation that may go with it and be learned in its place: day, batch, site");
  arguments.option("--unit", options.unit, "annotation of libraries or donors, to count them too");
  arguments.option("--gene-map", options.gene_map, "a table of Ensembl ids and symbols (TSV or CSV), for files with symbols only");
  arguments.option("--annotations", options.annotations, "a table with a row a cell or sample, joined by their names");
  arguments.option("--layer", options.layer, "h5ad, loom: X, raw or a layer's name (default: the matrix with the counts)");
  arguments.option("--genome", options.genome, "10x HDF5 of several genomes: the one to read");
  arguments.option("--sample-sheet", options.sample_sheet,
                   "GEO files: write their samples, with title, platform and characteristics, to this CSV");
  add_common_options(arguments, common);
  arguments.parse(words);
  if (options.label.empty() != options.by.empty() || (options.label.empty() && !options.unit.empty()))
    throw UsageError({.where = options.label.empty() ? "--label" : "--by",
                      .found = "nothing",
                      .expected = "both --label and --by, the two sides of the table",
                      .advice = "for example --label genotype --by day --unit library"});
  const RunContext context = make_context("inspect", common);
  const Inspection result = inspect_files(context, options);
  print_result(common.json ? as_json(result) : as_text(result, options));
  for (const auto& warning : result.warnings) context.warn(warning);
}

}  // namespace cellverdict
