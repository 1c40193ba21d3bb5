#include <cellverdict/run/space.h>

#include <cellverdict/base/error.h>
#include <cellverdict/io/h5ad_copy.h>
#include <cellverdict/run/space_input.h>
#include <cellverdict/stats/principal_components.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace cellverdict {

namespace {

constexpr std::int64_t kComponents = 50;
constexpr std::int64_t kLeastForGroups = 10;
constexpr std::int64_t kFewNumbers = 10;  // a column of numbers with no more distinct ones is one of labels

bool is_numbers(const Column& column) {
  if (column.kind != Column::Kind::number) return false;
  std::set<double> distinct;
  for (const double x : column.numbers)
    if (!std::isnan(x)) distinct.insert(x);
  return std::ssize(distinct) > kFewNumbers;
}

void draw(const RunContext& context, Distance distance, SpaceTable& table) {
  const std::int64_t n = std::ssize(table.values) / table.n_features;
  const Stopwatch watch;
  const auto pca = fit_principal_components(
      table.rows(), {.components = std::min(kComponents, n - 1), .seed = context.seed, .threads = context.threads});
  table.pca = project_rows(pca, table.rows(), context.threads);
  for (const double variance : pca.explained_variance)
    table.explained.push_back(pca.total_variance > 0 ? variance / pca.total_variance : 0);
  table.umap = fit_umap(table.rows(), {.distance = distance, .seed = context.seed, .threads = context.threads});
  constexpr std::int64_t kTrusted = 15;
  if (2 * kTrusted < n)
    table.umap_trust = trustworthiness(table.rows(), {.values = table.umap.places, .n_features = 2},
                                       {.neighbours = kTrusted, .most_rows = 500, .threads = context.threads});
  context.log("space       " + table.name + "  " + counted(n, "row") + " × " + with_commas(table.n_features) +
              "  drawn by principal components and UMAP");
}

// The table replaced by its principal components, as the field compares with.
void reduce(const RunContext& context, SpaceTable& table) {
  const std::int64_t n = std::ssize(table.values) / table.n_features, kept = std::min({kComponents, n - 1, table.n_features});
  if (table.n_features <= kComponents) return;
  const auto pca = fit_principal_components(table.rows(), {.components = kept, .seed = context.seed, .threads = context.threads});
  table.values = project_rows(pca, table.rows(), context.threads);
  table.n_features = pca.n_components;
  table.name += ", " + counted(pca.n_components, "principal component");
}

// The most frequent labels, of those that every value of the split column has.
void choose_shown(const SpaceRequest& request, const Frame& obs, SpaceColour& colour) {
  std::vector<bool> everywhere(colour.labels.levels.size(), true);
  if (!request.split.empty()) {
    const SpaceLabels sides = labels_of(request.split, obs.column(request.split, "--split"));
    const ContingencyTable table = contingency_table({.a = colour.labels.codes, .b = sides.codes});
    for (std::size_t level = 0; level < everywhere.size(); ++level)
      for (std::int64_t side = 0; side < table.n_columns; ++side)
        if (static_cast<std::int64_t>(level) >= table.n_rows ||
            table.counts[level * static_cast<std::size_t>(table.n_columns) + static_cast<std::size_t>(side)] == 0)
          everywhere[level] = false;
  }
  std::int64_t n_candidates = 0;
  for (std::size_t level = 0; level < everywhere.size(); ++level) {
    if (!everywhere[level]) continue;
    ++n_candidates;
    if (std::ssize(colour.shown) < request.top_labels) colour.shown.push_back(colour.labels.levels[level]);
  }
  if (std::ssize(colour.shown) < std::ssize(colour.labels.levels))
    colour.note = "In colour: the " + std::to_string(colour.shown.size()) + " most frequent of " + std::to_string(n_candidates) +
                  " values" + (request.split.empty() ? "" : " found in every " + request.split) + " (of " +
                  std::to_string(colour.labels.levels.size()) + " in all).";
}

SpaceColour colour_of(const SpaceRequest& request, const Frame& obs, const std::string& name) {
  const Column& column = obs.column(name, "--colour");
  SpaceColour out;
  if (is_numbers(column)) {
    out.numbers = {name, column.numbers};
    return out;
  }
  out.labels = labels_of(name, column);
  choose_shown(request, obs, out);
  return out;
}

// Columns of numbers that differ between units.
std::vector<NamedNumbers> numbers_of(const Frame& obs, const std::set<std::string>& but) {
  std::vector<NamedNumbers> out;
  for (std::size_t c = 0; c < obs.columns.size(); ++c)
    if (!but.contains(obs.names[c]) && obs.columns[c].kind == Column::Kind::number) {
      std::set<double> distinct;
      for (const double x : obs.columns[c].numbers)
        if (!std::isnan(x)) distinct.insert(x);
      if (distinct.size() > 2) out.push_back({obs.names[c], obs.columns[c].numbers});
    }
  return out;
}

void ask_neighbours(const SpaceOptions& options, SpaceReport& report) {
  for (const auto& colour : report.colours) {
    if (colour.labels.levels.empty()) continue;
    if (std::ssize(colour.labels.levels) * 2 > report.n_units) continue;  // names, not labels
    for (const auto& table : report.tables)
      if (auto score = score_neighbours(table, colour.labels, options)) report.neighbours.push_back(std::move(*score));
    auto similarity = label_similarity(report.tables.front(), colour.labels, colour.labels.levels.size() > 2);
    if (similarity.labels.size() > 1) report.similarities.push_back(std::move(similarity));
  }
}

void find_groups(const RunContext& context, const std::vector<NamedNumbers>& numbers, SpaceReport& report) {
  if (report.n_units < kLeastForGroups) return;
  const SpaceTable& table = report.tables.front();
  report.groups = find_stable_groups({.values = table.pca, .n_features = std::ssize(table.explained)},
                                     {.seed = context.seed, .threads = context.threads});
  std::vector<SpaceLabels> labels;
  std::vector<NamedNumbers> all = numbers;
  for (const auto& colour : report.colours) {
    if (!colour.labels.levels.empty())
      labels.push_back(colour.labels);
    else if (std::ranges::find(all, colour.numbers.name, &NamedNumbers::name) == all.end())
      all.push_back(colour.numbers);
  }
  report.associations = associations(report.groups.groups.cluster, labels, all);
  SpaceColour colour;
  std::vector<std::string> names;
  for (const std::int32_t c : report.groups.groups.cluster) names.push_back("subgroup " + std::to_string(c + 1));
  colour.labels = labels_of("subgroup", make_text_column(Names(names)));
  colour.shown = colour.labels.levels;
  sort_labels(colour.shown);
  const auto& chosen = report.groups.counts[report.groups.chosen];
  colour.note = "k-means on " + counted(std::ssize(table.explained), "principal component") +
                "; agreement of samples of 80 % with these groups: adjusted Rand index " +
                std::to_string(chosen.between_samples).substr(0, 4) + ".";
  report.colours.push_back(std::move(colour));
}

std::vector<double> scattered(const std::vector<double>& values, const SpaceInput& input) {
  const std::size_t width = values.size() / input.rows.size();
  std::vector<double> out(static_cast<std::size_t>(input.n_file_rows) * width, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < input.rows.size(); ++i)
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                out.begin() + input.rows[i] * static_cast<std::ptrdiff_t>(width));
  return out;
}

void write_h5ad_copy(const SpaceInput& input, const SpaceReport& report, const std::filesystem::path& target) {
  H5adCopy copy(input.file, target);
  for (const auto& table : report.tables) {
    const std::string suffix = &table == &report.tables.front() ? "" : "_beside";
    copy.add_obsm("X_pca" + suffix, scattered(table.pca, input), std::ssize(table.explained));
    copy.add_obsm("X_umap" + suffix, scattered(table.umap.places, input), table.umap.dimensions);
  }
  if (!report.groups.counts.empty()) {
    std::vector<std::string> names(static_cast<std::size_t>(input.n_file_rows));
    for (std::size_t i = 0; i < input.rows.size(); ++i)
      names[static_cast<std::size_t>(input.rows[i])] = std::to_string(report.groups.groups.cluster[i] + 1);
    copy.add_obs("subgroup", make_text_column(Names(names)));
  }
  copy.commit();
}

void say_how(const SpaceRequest& request, SpaceReport& report) {
  for (const auto& table : report.tables) {
    if (table.umap.n_pieces > 1)
      report.notes.push_back("The graph of neighbours in " + table.name + " falls into " + std::to_string(table.umap.n_pieces) +
                             " pieces: how they lie to each other in the UMAP says nothing.");
    if (table.umap_trust)
      report.notes.push_back(
          "Trustworthiness of the UMAP of " + table.name +
          " (15 neighbours; 1: none is false, about 0.5: at random): " + std::to_string(*table.umap_trust).substr(0, 5) + ".");
  }
  if (request.person.empty() && !report.neighbours.empty())
    report.notes.push_back(
        "Every row was taken for a person of its own; where people have several, name their column with --person.");
  report.notes.push_back(
      "Intervals of leave-one-out accuracy take units for independent; units are each other's neighbours, so they are "
      "approximate.");
}

}  // namespace

SpaceResult map_space(const RunContext& context, const SpaceRequest& request) {
  SpaceInput input = read_space(context, request);
  SpaceResult result;
  SpaceReport& report = result.report;
  report = {.source = input.file.filename().string(),
            .unit_noun = request.unit_noun,
            .n_units = input.obs.n_rows(),
            .warnings = input.warnings,
            .notes = input.notes,
            .unit_names = input.obs.index.texts()};
  const Distance distance = request.distance == "cosine" ? Distance::cosine : Distance::euclidean;
  SpaceOptions options{.neighbours = request.neighbours, .distance = distance, .seed = context.seed, .threads = context.threads};
  if (!request.person.empty()) options.person = labels_of(request.person, input.obs.column(request.person, "--person")).codes;
  std::vector<std::string> columns;
  for (const auto& name : request.colour) columns.push_back(name);
  for (const auto* name : {&request.severity, &request.study, &request.response})
    if (!name->empty() && std::ranges::find(columns, *name) == columns.end()) columns.push_back(*name);
  for (const auto& name : columns) report.colours.push_back(colour_of(request, input.obs, name));

  report.tables.push_back(std::move(input.embedding));
  if (!input.beside.values.empty()) {
    reduce(context, input.beside);
    report.tables.push_back(std::move(input.beside));
  }
  for (auto& table : report.tables) draw(context, distance, table);
  ask_neighbours(options, report);
  std::vector<NamedNumbers> numbers = numbers_of(input.obs, {request.severity, request.study, request.response});
  numbers.insert(numbers.end(), input.values.begin(), input.values.end());
  find_groups(context, numbers, report);
  if (!request.severity.empty()) {
    report.severity = request.severity;
    report.severity_labels = labels_of(request.severity, input.obs.column(request.severity, "--severity"));
    report.numbers = numbers;
    report.differences = level_differences(report.severity_labels, numbers);
  }
  if (!request.response.empty()) {
    report.response = request.response;
    std::vector<const SpaceTable*> tables;
    for (const auto& table : report.tables) tables.push_back(&table);
    report.responses =
        score_response(tables, labels_of(request.response, input.obs.column(request.response, "--response")), options);
  }
  say_how(request, report);
  SpaceFiles files = write_space_report(report, request.out);
  result.written = std::move(files.written);
  result.pictures_note = files.note;
  write_h5ad_copy(input, report, request.out / "space.h5ad");
  result.written.push_back(request.out / "space.h5ad");
  return result;
}

}  // namespace cellverdict
