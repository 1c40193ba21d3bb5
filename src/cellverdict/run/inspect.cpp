#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/genes/mitochondrial.h>
#include <cellverdict/io/geo_source.h>
#include <cellverdict/prepare/array_values.h>
#include <cellverdict/run/inspect.h>
#include <cellverdict/run/inspect_study.h>
#include <cellverdict/split/cohort.h>
#include <cellverdict/table/quantile.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace {

constexpr std::int64_t kCellsLookedAt = 512;

InspectedSource inspect_source(LabelledSource& opened) {
  const SourceHead& head = opened.head;
  InspectedSource source{.name = head.name,
                         .path = head.path.string(),
                         .format = head.format,
                         .n_cells = head.n_cells,
                         .n_genes = head.genes.size(),
                         .n_nonzero = head.n_nonzero,
                         .naming = opened.identity.naming,
                         .n_versions = opened.identity.n_versions,
                         .n_mapped = opened.identity.n_mapped,
                         .n_summed = opened.identity.n_summed,
                         .shared_symbols = opened.identity.shared_symbols,
                         .mitochondrial_rule = mitochondrial_rule(head.genes),
                         .layers = head.layers,
                         .embeddings = head.embeddings,
                         .notes = head.notes};
  const auto mitochondrial = mitochondrial_genes(head.genes);
  source.n_mitochondrial = std::count(mitochondrial.begin(), mitochondrial.end(), true);
  CsrBlock cells;
  while (opened.source->read_block(kCellsLookedAt, cells) && cells.values.empty()) {  // empty barcodes may come first
  }
  if (cells.values.empty()) return source;
  source.state = detect_value_state(cells);
  const bool table = head.format.starts_with("TSV") || head.format.starts_with("CSV");
  if (head.format.starts_with("GEO") || (table && source.state != ValueState::counts))
    source.array_values = judge_array_values(cells, head.genes.size()).name();
  std::vector<double> totals, genes;
  for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
    double total = 0;
    for (const float x : cells.row(i).values) total += x;
    totals.push_back(total);
    genes.push_back(static_cast<double>(cells.row(i).genes.size()));
  }
  source.median_total = median_of(totals);
  source.median_genes = median_of(genes);
  return source;
}

void tabulate(const InspectOptions& options, Inspection& result) {
  const Column& label = result.obs.column(options.label, "--label");
  const Column& by = result.obs.column(options.by, "--by");
  const Column* unit = options.unit.empty() ? nullptr : &result.obs.column(options.unit, "--unit");
  result.labels = distinct_values(label);
  const auto batches = distinct_values(by);
  const auto label_code = codes_of(label, result.labels), batch_code = codes_of(by, batches);
  const std::size_t n_labels = result.labels.size();
  for (const auto& batch : batches)
    result.contingency.push_back({batch, std::vector<std::int64_t>(n_labels), std::vector<std::int64_t>(n_labels)});
  std::vector<std::vector<std::set<std::string>>> units(batches.size(), std::vector<std::set<std::string>>(n_labels));
  for (std::size_t i = 0; i < label_code.size(); ++i) {
    if (label_code[i] < 0 || batch_code[i] < 0) continue;
    ++result.contingency[batch_code[i]].n_cells[label_code[i]];
    if (unit) units[batch_code[i]][label_code[i]].insert(unit->text(static_cast<std::int64_t>(i)));
  }
  std::vector<std::string> single;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    for (std::size_t c = 0; c < n_labels; ++c) result.contingency[b].n_units[c] = static_cast<std::int64_t>(units[b][c].size());
    if (std::count_if(result.contingency[b].n_cells.begin(), result.contingency[b].n_cells.end(), [](auto n) { return n > 0; }) ==
        1)
      single.push_back(batches[b]);
  }
  if (single.size() == batches.size() && batches.size() > 1) {
    result.warnings.push_back(fmt::format(
        "Every value of '{}' has one class of '{}' only: the two cannot be told apart in these data.", options.by, options.label));
  } else if (!single.empty()) {
    result.warnings.push_back(fmt::format(
        "'{}' {} {} one class of '{}' only: a model can learn the {} instead. A matched split compares within the others.",
        options.by, listed(single, 12), single.size() == 1 ? "has" : "have", options.label, options.by));
  }
}

// A series without a table of values: what it says of its samples is worth seeing, and goes with the count table.
InspectedSource inspect_valueless(const SourceFile& file, GeoOutline& outline, Inspection& result) {
  InspectedSource source{.name = file.name,
                         .path = file.path.string(),
                         .format = "GEO series matrix without values",
                         .n_cells = outline.samples.n_rows(),
                         .notes = outline.notes};
  result.warnings.push_back(
      file.name + ": the series has no table of values: its measurements are in supplementary files" +
      (outline.study.supplementary_files.empty() ? "." : " (" + listed(outline.study.supplementary_files, 4) + ")."));
  append_rows(result.obs, outline.samples);
  return source;
}

void write_sheet(const InspectOptions& options, const std::vector<GeoOutline>& outlines) {
  if (options.sample_sheet.empty()) return;
  if (outlines.empty())
    throw UsageError({.where = "--sample-sheet",
                      .found = "no file of GEO among those named",
                      .expected = "a series matrix or a SOFT file",
                      .advice = ""});
  GeoOutline all = outlines.front();
  for (std::size_t i = 1; i < outlines.size(); ++i) append_rows(all.samples, outlines[i].samples);
  write_geo_samples(all, options.sample_sheet);
}

}  // namespace

Inspection inspect_files(const RunContext& context, const InspectOptions& options) {
  DataOptions data = data_of(options.files);
  data.gene_map = options.gene_map;
  data.annotations = options.annotations;
  data.layer = options.layer;
  data.genome = options.genome;
  Inspection result;
  std::vector<GeoOutline> outlines;
  std::size_t n_outlines = 0;
  for (const auto& file : list_sources(data, ".")) {
    if (auto outline = outline_of(file.path)) outlines.push_back(std::move(*outline));
    const bool of_geo = !outlines.empty() && outlines.size() > n_outlines;
    n_outlines = outlines.size();
    if (of_geo && !outlines.back().has_values) {
      result.sources.push_back(inspect_valueless(file, outlines.back(), result));
    } else {
      LabelledSource opened = open_labelled(file, open_options(context, data));
      result.sources.push_back(inspect_source(opened));
      append_rows(result.obs, opened.head.obs);
    }
    InspectedSource& source = result.sources.back();
    result.n_cells += source.n_cells;
    if (of_geo) source.study = inspect_study(outlines.back());
    if (of_geo) continue;  // arrays: neither symbols nor counts are to be expected
    if (source.n_mitochondrial == 0)
      result.warnings.push_back(source.name +
                                ": no gene symbol starts with MT- or mt- and no Ensembl id is one of a mitochondrial gene, so "
                                "mitochondrial shares cannot be judged.");
    if (source.state != ValueState::counts)
      result.warnings.push_back(fmt::format("{}: the values are {}.", source.name,
                                            source.state == ValueState::fractional_counts
                                                ? "counts, but not all whole"
                                                : value_state_name(source.state) + ", not counts: training needs the raw counts"));
  }
  write_sheet(options, outlines);
  for (std::size_t s = 1; s < result.sources.size(); ++s) {
    const InspectedSource &first = result.sources[0], &other = result.sources[s];
    if ((first.naming == GeneNaming::ensembl) == (other.naming == GeneNaming::ensembl)) continue;
    result.warnings.push_back(fmt::format("{} has {} and {} has {}: --gene-map brings them together.", first.name,
                                          gene_naming_name(first.naming), other.name, gene_naming_name(other.naming)));
    break;
  }
  for (std::size_t c = 0; c < result.obs.names.size(); ++c) {
    const Column& column = result.obs.columns[c];
    InspectedColumn inspected{.name = result.obs.names[c],
                              .kind = column.kind == Column::Kind::text ? "text" : "number",
                              .values = distinct_values(column)};
    for (std::int64_t i = 0; i < column.size(); ++i) inspected.n_missing += column.missing(i);
    result.columns.push_back(std::move(inspected));
  }
  if (!options.label.empty() && !options.by.empty()) tabulate(options, result);
  return result;
}

}  // namespace cellverdict
