#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/sample_sheet.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/table/row_filter.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

fs::path resolved(const fs::path& path, const fs::path& base) {
  return path.is_absolute() ? path : (base / path).lexically_normal();
}

// "a/filtered_feature_bc_matrix" tells nothing: such a source is named by its parent folder.
std::string source_name(const fs::path& path) {
  std::string name = path.filename().string();
  if (name.empty()) name = path.parent_path().filename().string();
  if (name == "filtered_feature_bc_matrix" || name == "raw_feature_bc_matrix")
    name = fs::absolute(path).parent_path().filename().string();
  if (name.ends_with(".h5ad")) name.resize(name.size() - 5);
  while (!name.empty() && (name.back() == '_' || name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

std::vector<SourceFile> sources_of_sheet(const fs::path& file) {
  const SampleSheet sheet = read_sample_sheet(file);
  std::vector<SourceFile> sources;
  for (std::size_t i = 0; i < sheet.paths.size(); ++i) {
    SourceFile source{.path = sheet.paths[i], .name = sheet.labels.index[i]};
    for (std::size_t c = 0; c < sheet.labels.names.size(); ++c)
      source.labels.emplace_back(sheet.labels.names[c], sheet.labels.columns[c].text(static_cast<std::int64_t>(i)));
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace

std::vector<SourceFile> list_sources(const DataOptions& data, const fs::path& base) {
  if (data.sources.empty() == data.files.empty())
    throw UsageError({.where = "[data]",
                      .found = data.files.empty() ? "neither `sources` nor `files`" : "both `sources` and `files`",
                      .expected = "one of them",
                      .advice = "sources = \"samples.csv\" names a sample sheet, files = [\"a.h5ad\"] names files and folders"});
  if (!data.sources.empty()) return sources_of_sheet(resolved(data.sources, base));
  std::vector<SourceFile> sources;
  std::set<std::string> names;
  for (const auto& file : data.files)
    for (const auto& path : find_sources(resolved(file, base))) {
      SourceFile source{.path = path, .name = source_name(path)};
      if (!names.insert(source.name).second)
        throw UsageError({.where = "[data] files",
                          .found = "two sources named '" + source.name + "'",
                          .expected = "different names",
                          .advice = "list them in a sample sheet, where each row has a name"});
      sources.push_back(std::move(source));
    }
  return sources;
}

LabelledSource open_labelled(const SourceFile& file, std::int64_t memory_bytes) {
  LabelledSource opened{.source = open_source(file.path, {.memory_bytes = memory_bytes})};
  opened.head = opened.source->head();
  opened.head.name = file.name;
  Frame& obs = opened.head.obs;
  for (const auto& [column, value] : file.labels) {
    if (obs.find(column) != nullptr)
      opened.head.notes.push_back(file.name + ": the obs column '" + column + "' is replaced by the sample sheet's.");
    obs.set(column, make_constant_column(value, opened.head.n_cells));
  }
  if (obs.find("library") == nullptr) obs.set("library", make_constant_column(file.name, opened.head.n_cells));
  return opened;
}

std::vector<bool> keep_rows(Frame& obs, const DataOptions& data, const std::string& source, std::vector<std::string>& notes) {
  const auto n = static_cast<std::size_t>(obs.n_rows());
  std::vector<bool> keep(n, true);
  if (!data.where.empty()) keep = matching_rows(obs, data.where);
  if (const auto dropped = std::count(keep.begin(), keep.end(), false); dropped > 0)
    notes.push_back(source + ": " + counted(dropped, "cell") + " of " + with_commas(static_cast<std::int64_t>(n)) +
                    " left out by [data] where.");

  const Column& label = obs.column(data.label, "[data] label");
  std::vector<std::string> values;
  std::int64_t missing = 0, unwanted = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::string value = label.text(static_cast<std::int64_t>(i));
    if (keep[i] && value.empty()) ++missing;
    if (const auto renamed = data.classes.find(value); renamed != data.classes.end()) {
      value = renamed->second;
      if (keep[i] && value.empty()) ++unwanted;
    }
    if (value.empty()) keep[i] = false;
    values.push_back(std::move(value));
  }
  obs.set(data.label, make_text_column(values));
  if (missing > 0) notes.push_back(source + ": " + counted(missing, "cell") + " without a value of '" + data.label + "' left out.");
  if (unwanted > 0) notes.push_back(source + ": " + counted(unwanted, "cell") + " of dropped classes left out.");
  return keep;
}

}  // namespace cellverdict
