#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/delimited.h>
#include <cellverdict/io/foreign_format.h>
#include <cellverdict/io/gene_map.h>
#include <cellverdict/io/resolved_genes.h>
#include <cellverdict/io/sample_sheet.h>
#include <cellverdict/io/text_table.h>
#include <cellverdict/io/utf8.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/split/cohort.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kAnnotations = "annotations";  // the sheet's column that names a table

fs::path resolved(const fs::path& path, const fs::path& base) {
  return path.is_absolute() ? path : (base / path).lexically_normal();
}

std::vector<SourceFile> sources_of_sheet(const fs::path& file) {
  if (kind_of_table(file) != TableKind::sheet && fs::is_regular_file(file)) refuse_foreign(file);  // a part of a 10x matrix alone
  const SampleSheet sheet = read_sample_sheet(file);
  std::vector<SourceFile> sources;
  for (std::size_t i = 0; i < sheet.paths.size(); ++i) {
    SourceFile source{.path = sheet.paths[i], .name = sheet.labels.index.text(static_cast<std::int64_t>(i))};
    try {
      find_sources(source.path);
    } catch (const InputError& error) {
      Complaint complaint = error.complaint();
      complaint.where = file.string() + " row '" + source.name + "', path " + complaint.where;
      throw InputError(std::move(complaint));
    }
    for (std::size_t c = 0; c < sheet.labels.names.size(); ++c) {
      if (sheet.labels.names[c] == kAnnotations) {
        const std::string table = sheet.labels.columns[c].text(static_cast<std::int64_t>(i));
        if (!table.empty()) source.annotations = std::make_shared<const Annotations>(resolved(table, file.parent_path()));
        source.annotations_of_it = !table.empty();
        continue;
      }
      source.labels.emplace_back(sheet.labels.names[c], sheet.labels.columns[c].text(static_cast<std::int64_t>(i)));
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

std::vector<SourceFile> sources_of_files(const std::vector<std::string>& files, const fs::path& base) {
  std::vector<SourceFile> sources;
  std::set<std::string> names;
  for (const auto& file : files)
    for (const auto& path : find_sources(resolved(file, base))) {
      SourceFile source{.path = path, .name = source_name(path)};
      if (!names.insert(source.name).second)
        throw UsageError({.where = "[data] files",
                          .found = "two sources named '" + source.name + "'",
                          .expected = "different names",
                          .advice = "list them in a sample sheet, where each row has a name"});
      if (const auto place = first_foreign_byte(source.name))
        throw UsageError({.where = "[data] files",
                          .found = "a file name of " + foreign_text(source.name, *place),
                          .expected = "UTF-8",
                          .advice = "rename the file, or list it in a sample sheet, where each row has a name"});
      sources.push_back(std::move(source));
    }
  return sources;
}

// [data.classes]: a table of texts.
void read_classes(DataOptions& options, const Value& value, const std::string& where) {
  const auto* table = std::get_if<ValueTable>(&value.data);
  if (table == nullptr)
    throw UsageError({.where = where,
                      .found = value.kind(),
                      .expected = "a table",
                      .advice = "write [data.classes] with lines such as \"AML\" = \"disease\", and \"\" for a class to drop"});
  options.classes.clear();
  for (const auto& [from, to] : *table) read_option(to, {}, where + "." + from, options.classes[from]);
}

Value write_classes(const DataOptions& options) {
  ValueTable table;
  for (const auto& [from, to] : options.classes) table.emplace_back(from, Value{to, {}});
  return {std::move(table), {}};
}

}  // namespace

const OptionTable<DataOptions>& data_options() {
  static const auto table =
      OptionTable<DataOptions>("data")
          .add("sources", &DataOptions::sources, "a sample sheet: one row per library with its path and labels")
          .add("files", &DataOptions::files, "or files and folders (.h5ad, 10x)")
          .add("label", &DataOptions::label, "obs column to predict")
          .add("unit", &DataOptions::unit, "obs column: never split, the level of every interval")
          .add("donor", &DataOptions::donor, "obs column: the person; empty: the unit")
          .add("positive", &DataOptions::positive, "two classes: the one the AUC is of; empty: the last in sorted order")
          .add("where", &DataOptions::where, "which cells to keep, for example cell_type == 'monocyte'")
          .add("gene_map", &DataOptions::gene_map, "a table of Ensembl ids and symbols, for files that name genes by symbol")
          .add("gene_space", &DataOptions::gene_space,
               "genes of a study of several sources: shared, those all of them have; union, those any has (0 where not measured)",
               one_of({"shared", "union"}))
          .add("panel", &DataOptions::panel,
               "a file of gene ids or symbols, one a line: the genes of the store whatever the sources have (0 where not measured)")
          .add("harmonise", &DataOptions::harmonise,
               "a table with columns column, from, to (and source): what values of obs columns are called here; * is any other "
               "value, an empty `to` makes it missing")
          .add("annotations", &DataOptions::annotations,
               "a table with a row a cell or sample (labels.csv, pheno.csv): its columns become obs columns; the column with their "
               "names is found by the names")
          .add("min_overlap", &DataOptions::min_overlap,
               "share of the smallest source's genes, or of the panel, that every source must have", between(0, 1))
          .add("layer", &DataOptions::layer, "h5ad, loom: X, raw or a layer's name; empty: the matrix with the counts")
          .add("genome", &DataOptions::genome, "10x HDF5 of several genomes: the one to read")
          .add_custom("classes", "[data.classes] \"value\" = \"name\": rename classes; \"\" drops one", read_classes,
                      write_classes);
  return table;
}

DataOptions data_of(const std::vector<std::string>& files) {
  DataOptions data;
  const bool may_be_sheet = files.size() == 1 && (files[0].ends_with(".csv") || files[0].ends_with(".tsv"));
  if (may_be_sheet && kind_of_table(files[0]) != TableKind::matrix) {
    data.sources = files[0];
  } else {
    data.files = files;
  }
  return data;
}

std::vector<SourceFile> list_sources(const DataOptions& data, const fs::path& base) {
  if (data.sources.empty() == data.files.empty())
    throw UsageError({.where = "[data]",
                      .found = data.files.empty() ? "neither `sources` nor `files`" : "both `sources` and `files`",
                      .expected = "one of them",
                      .advice = "sources = \"samples.csv\" names a sample sheet, files = [\"a.h5ad\"] names files and folders"});
  std::vector<SourceFile> sources =
      data.sources.empty() ? sources_of_files(data.files, base) : sources_of_sheet(resolved(data.sources, base));
  if (!data.gene_map.empty()) {
    const auto map = std::make_shared<const GeneMap>(read_gene_map(resolved(data.gene_map, base)));
    for (auto& source : sources) source.gene_map = map;
  }
  if (!data.annotations.empty()) {
    const auto annotations = std::make_shared<const Annotations>(resolved(data.annotations, base));
    for (auto& source : sources) {
      if (source.annotations != nullptr) continue;
      source.annotations = annotations;
      source.annotations_of_it = sources.size() == 1;
    }
  }
  if (!data.harmonise.empty()) {
    const auto harmonisation = std::make_shared<const Harmonisation>(resolved(data.harmonise, base));
    std::vector<std::string> names;
    for (const auto& source : sources) names.push_back(source.name);
    harmonisation->check_sources(names);
    for (auto& source : sources) source.harmonisation = harmonisation;
  }
  return sources;
}

GeneList read_panel(const fs::path& file) {
  const TextTable table = read_text_table(file);
  GeneList panel;
  std::set<std::string> known;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& gene = table.rows[row][0];
    const bool header =
        row == 0 && (gene == "gene" || gene == "genes" || gene == "symbol" || gene == "gene_id" || gene == "gene_name");
    if (gene.empty() || header) continue;
    if (!known.insert(gene).second)
      throw InputError({.where = file.string() + " line " + std::to_string(table.lines[row]),
                        .found = "'" + gene + "' once more",
                        .expected = "each gene once",
                        .advice = "take one of them away"});
    panel.ids.push_back(gene);
  }
  if (panel.ids.empty()) throw InputError({.where = file.string(), .found = "no gene", .expected = "ids or symbols, one a line"});
  panel.symbols = panel.ids;
  return panel;
}

OpenOptions open_options(const RunContext& context, const DataOptions& data) {
  return {.memory_bytes = context.memory_bytes / 4, .threads = context.threads, .layer = data.layer, .genome = data.genome};
}

namespace {

constexpr std::string_view kOwnName = "obs:";  // of sheet columns that name columns of the file

void join_annotations(const SourceFile& file, LabelledSource& opened) {
  SourceHead& head = opened.head;
  Annotations::Joined joined = file.annotations->join(head);
  if (joined.n_found == 0 && file.annotations_of_it)
    throw InputError({.where = file.annotations->file().string(),
                      .found = "no row of a sample of " + file.name,
                      .expected = "a column with their names, such as " + head.cell_name(0),
                      .advice = "look at the names with `cellverdict inspect`"});
  for (auto& [name, column] : joined.columns) {
    if (std::find(head.obs_columns.begin(), head.obs_columns.end(), name) == head.obs_columns.end())
      head.obs_columns.push_back(name);
    else
      head.notes.push_back(file.name + ": the obs column '" + name + "' is replaced by the one of the annotations.");
    if (!head.read_names) head.obs.set(name, column);
    opened.joined.insert_or_assign(name, std::move(column));
  }
  if (!joined.note.empty()) head.notes.push_back(joined.note);
}

}  // namespace

LabelledSource open_labelled(const SourceFile& file, const OpenOptions& given) {
  LabelledSource opened{.harmonisation = file.harmonisation};
  for (const auto& [column, value] : file.labels)
    if (column.starts_with(kOwnName) && !value.empty()) opened.own_names.emplace(column.substr(kOwnName.size()), value);
  OpenOptions options = given;
  if (given.hold_column)
    options.hold_column = [&](const std::string& column) {
      return given.hold_column(column) || std::any_of(opened.own_names.begin(), opened.own_names.end(), [&](const auto& name) {
               return name.second == column && given.hold_column(name.first);
             });
    };
  opened.source = open_source(file.path, options);
  opened.identity = resolve_genes(opened.source->head().genes, file.gene_map.get());
  opened.source = with_resolved_genes(std::move(opened.source), opened.identity);
  SourceHead& head = opened.head;
  head = opened.source->head();
  head.name = file.name;
  if (!options.layer.empty() && options.layer != "X" && head.layers.empty())
    head.notes.push_back(file.name + ": has one matrix and no layers, so layer = '" + options.layer + "' chooses nothing.");
  if (head.obs_columns.empty()) head.obs_columns = head.obs.names;
  const auto known = [&](const std::string& column) {
    return std::find(head.obs_columns.begin(), head.obs_columns.end(), column) != head.obs_columns.end();
  };
  if (file.annotations != nullptr) join_annotations(file, opened);
  const auto add = [&](const std::string& column, const std::string& value) {
    if (!known(column)) head.obs_columns.push_back(column);
    opened.constants[column] = value;
    if (!options.in_pieces) head.obs.set(column, make_constant_column(value, head.n_cells));
  };
  for (const auto& [column, value] : file.labels) {
    if (column.starts_with(kOwnName)) continue;
    if (known(column)) head.notes.push_back(file.name + ": the obs column '" + column + "' is replaced by the sample sheet's.");
    add(column, value);
  }
  for (const auto& [column, own_name] : opened.own_names) {
    if (!known(own_name))
      throw UsageError({.where = file.name + ", column " + std::string(kOwnName) + column + " of the sample sheet",
                        .found = "'" + own_name + "', which is no obs column of the file",
                        .expected = "",
                        .advice = suggestion(own_name, head.obs_columns)});
    if (!known(column)) head.obs_columns.push_back(column);
    if (const Column* held = head.obs.find(own_name)) head.obs.set(column, Column(*held));
  }
  if (!known("library")) add("library", file.name);
  if (file.harmonisation != nullptr)
    for (const auto& column : file.harmonisation->columns(file.name))
      if (const Column* held = head.obs.find(column)) head.obs.set(column, opened.here(column, *held));
  return opened;
}

Column LabelledSource::column(const std::string& name) const {
  if (const Column* held = head.obs.find(name)) return *held;
  if (const auto column = joined.find(name); column != joined.end()) return here(name, column->second);
  const auto own_name = own_names.find(name);
  return here(name, source->read_obs_column(own_name == own_names.end() ? name : own_name->second));
}

ColumnPieces LabelledSource::pieces(const std::string& name) const {
  if (const auto column = joined.find(name); column != joined.end()) return pieces_of(column->second);
  if (const auto constant = constants.find(name); constant != constants.end()) return constant_pieces(constant->second);
  const auto own_name = own_names.find(name);
  return source->open_obs_column(own_name == own_names.end() ? name : own_name->second);
}

bool LabelledSource::is_harmonised(const std::string& name) const {
  if (harmonisation == nullptr) return false;
  const auto columns = harmonisation->columns(head.name);
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

Column LabelledSource::here(const std::string& name, Column values) const {
  return is_harmonised(name) ? harmonisation->apply(name, head.name, values) : values;
}

std::vector<bool> RowChooser::apply_where(const Frame& obs) {
  std::vector<UnknownValue> here;
  auto keep = matching_rows(obs, data_.where, here);
  for (const auto& value : here) {
    const auto values = distinct_values(obs.column(value.column, "[data] where"));
    seen_[value.column].insert(values.begin(), values.end());
  }
  if (std::exchange(first_, false)) nowhere_ = here;
  std::erase_if(nowhere_, [&](const auto& v) { return std::find(here.begin(), here.end(), v) == here.end(); });
  return keep;
}

std::vector<bool> RowChooser::keep(Frame& obs, const std::string& source) {
  const auto n = static_cast<std::size_t>(obs.n_rows());
  std::vector<bool> keep(n, true);
  if (!data_.where.empty()) keep = apply_where(obs);
  LeftOut left_out = left_out_;
  left_out.n_rows += obs.n_rows();
  left_out.elsewhere += std::count(keep.begin(), keep.end(), false);

  const Column& label = obs.column(data_.label, "[data] label, source '" + source + "'");
  for (const auto& value : distinct_values(label)) labels_.insert(value);
  Column renamed = renamed_labels(label, data_);
  for (std::size_t i = 0; i < n; ++i) {
    if (!keep[i] || !renamed.missing(static_cast<std::int64_t>(i))) continue;
    ++(label.missing(static_cast<std::int64_t>(i)) ? left_out.unlabelled : left_out.unwanted);
    keep[i] = false;
  }
  obs.set(data_.label, std::move(renamed));
  left_out_ = left_out;
  return keep;
}

std::vector<std::string> RowChooser::end_source(const std::string& source) {
  const LeftOut left_out = std::exchange(left_out_, {});
  std::vector<std::string> notes;
  if (left_out.elsewhere > 0)
    notes.push_back(source + ": " + counted(left_out.elsewhere, "cell") + " of " + with_commas(left_out.n_rows) +
                    " left out by [data] where.");
  if (left_out.unlabelled > 0)
    notes.push_back(source + ": " + counted(left_out.unlabelled, "cell") + " without a value of '" + data_.label + "' left out.");
  if (left_out.unwanted > 0) notes.push_back(source + ": " + counted(left_out.unwanted, "cell") + " of dropped classes left out.");
  return notes;
}

Column renamed_labels(const Column& labels, const DataOptions& data) {
  return with_values_renamed(labels, [&](const std::string& value) {
    const auto renamed = data.classes.find(value);
    return renamed == data.classes.end() ? value : renamed->second;
  });
}

void RowChooser::check() const {
  if (!nowhere_.empty()) {
    const auto& seen = seen_.at(nowhere_[0].column);
    refuse_unknown(nowhere_[0], {seen.begin(), seen.end()});
  }
  const std::vector<std::string> labels(labels_.begin(), labels_.end());
  for (const auto& [from, to] : data_.classes)
    if (!labels_.contains(from))
      throw UsageError({.where = "[data.classes]",
                        .found = "'" + from + "', which is no value of '" + data_.label + "'",
                        .expected = "",
                        .advice = suggestion(from, labels)});
}

}  // namespace cellverdict
