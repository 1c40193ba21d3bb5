#include <cellverdict/io/open_source.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/tenx_mex.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) out.push_back(it->path());
  if (failure) throw InputError({.where = folder.string(), .found = failure.message(), .expected = "a readable folder"});
  std::sort(out.begin(), out.end());
  return out;
}

// The 10x matrices whose files lie in this very folder: the folder itself, or its prefixed triples.
std::vector<fs::path> matrices_in(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : sorted_entries(folder)) {
    const auto prefix = matrix_prefix(entry.filename().string());
    if (!prefix || !fs::is_regular_file(entry)) continue;
    if (prefix->empty()) return {folder};
    out.push_back(folder / *prefix);
  }
  out.erase(std::unique(out.begin(), out.end()), out.end());  // matrix.mtx beside matrix.mtx.gz; opening it refuses
  return out;
}

// Cell Ranger puts all barcodes beside the called cells; the same cells must not come twice.
bool is_raw_twin(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with("raw_")) return false;
  return fs::is_directory(folder.parent_path() / ("filtered_" + name.substr(4)));
}

// The matrices of a folder, or, when it has none, of the folders directly below: GEO series unpack to such trees.
std::vector<fs::path> matrices_below(const fs::path& folder, int levels) {
  std::vector<fs::path> out = matrices_in(folder);
  if (!out.empty() || levels == 0) return out;
  for (const auto& entry : sorted_entries(folder)) {
    if (!fs::is_directory(entry) || is_raw_twin(entry)) continue;
    const auto found = matrices_below(entry, levels - 1);
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

bool is_hdf5(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  char head[8] = {};
  stream.read(head, sizeof(head));
  return stream.gcount() == sizeof(head) && std::string_view(head, sizeof(head)) == "\x89HDF\r\n\x1a\n";
}

// The triple that a matrix file belongs to; nothing for other files.
std::optional<TenxMexFiles> matrix_beside(const fs::path& file) {
  const auto prefix = matrix_prefix(file.filename().string());
  return prefix ? find_tenx_mex(file.parent_path().empty() ? "." : file.parent_path(), *prefix) : std::nullopt;
}

std::unique_ptr<CellSource> open_file(const fs::path& file, const OpenOptions& options) {
  const std::string name = file.filename().string();
  if (is_hdf5(file) || name.ends_with(".h5ad")) return open_h5ad(file, options);
  if (const auto files = matrix_beside(file)) return open_tenx_mex(*files);
  throw InputError({.where = file.string(),
                    .found = "a file of unknown format",
                    .expected = "an .h5ad file, or a 10x folder with matrix.mtx, barcodes.tsv and features.tsv"});
}

// "mex/GSM1_", also without the separator at its end, and "mex/GSM1" where the files go on: GSM1_control_day0_matrix.mtx.gz. What
// follows the name must not be a letter or digit, so that GSM1 is not GSM10.
std::optional<TenxMexFiles> find_prefixed(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string name = path.filename().string();
  if (name.empty() || !fs::is_directory(folder)) return std::nullopt;
  if (auto files = find_tenx_mex(folder, name)) return files;
  std::vector<std::string> longer;
  for (const auto& entry : sorted_entries(folder)) {
    const auto prefix = matrix_prefix(entry.filename().string());
    if (!prefix || !prefix->starts_with(name)) continue;
    const bool ends_here =
        !std::isalnum(static_cast<unsigned char>(name.back())) || !std::isalnum(static_cast<unsigned char>((*prefix)[name.size()]));
    if (ends_here && (longer.empty() || longer.back() != *prefix)) longer.push_back(*prefix);
  }
  if (longer.size() > 1)
    throw InputError({.where = path.string(),
                      .found = "the beginning of " + std::to_string(longer.size()) + " libraries (" + listed(longer) + ")",
                      .expected = "that of one",
                      .advice = "write the prefix out"});
  if (longer.empty()) return std::nullopt;
  return find_tenx_mex(folder, longer.front());
}

[[noreturn]] void refuse_missing(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::vector<std::string> siblings;
  if (fs::is_directory(folder))
    for (const auto& entry : sorted_entries(folder)) siblings.push_back(entry.filename().string());
  const auto nearest = nearest_name(path.filename().string(), siblings);
  throw InputError({.where = path.string(),
                    .found = "nothing at this path",
                    .expected = "an .h5ad file, a 10x folder or the prefix of its files",
                    .advice = nearest                    ? "did you mean '" + *nearest + "'?"
                              : fs::is_directory(folder) ? "check the spelling"
                                                         : "there is no folder " + folder.string()});
}

}  // namespace

std::unique_ptr<CellSource> open_source(const fs::path& path, const OpenOptions& options) {
  if (fs::is_directory(path)) {
    if (const auto files = find_tenx_mex(path, "")) return open_tenx_mex(*files);
    const auto sources = find_sources(path);
    if (sources.size() == 1) return open_source(sources.front(), options);
    std::vector<std::string> names;
    for (const auto& source : sources) names.push_back(source.filename().string());
    throw InputError({.where = path.string(),
                      .found = std::to_string(sources.size()) + " libraries (" + listed(names) + ")",
                      .expected = "one",
                      .advice = "name one of them, or list them in a sample sheet"});
  }
  if (fs::exists(path)) return open_file(path, options);
  if (const auto files = find_prefixed(path)) return open_tenx_mex(*files);
  refuse_missing(path);
}

std::string source_name(const fs::path& path) {
  if (fs::is_directory(path)) {
    if (const auto files = find_tenx_mex(path, "")) return files->name;
    const auto sources = find_sources(path);
    if (sources.size() == 1 && sources.front() != path) return source_name(sources.front());
    return path.filename().string();
  }
  if (!fs::exists(path)) {
    if (const auto files = find_prefixed(path)) return files->name;
    refuse_missing(path);
  }
  if (const auto files = matrix_beside(path)) return files->name;
  return path.stem().string();
}

std::vector<fs::path> find_sources(const fs::path& path) {
  if (!fs::exists(path)) {
    if (find_prefixed(path)) return {path};
    refuse_missing(path);
  }
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> out = matrices_in(path);
  if (out.size() == 1 && out.front() == path) return out;
  for (const auto& entry : sorted_entries(path)) {
    if (fs::is_directory(entry) && !is_raw_twin(entry)) {
      const auto found = matrices_below(entry, 1);
      out.insert(out.end(), found.begin(), found.end());
    } else if (entry.extension() == ".h5ad" && fs::is_regular_file(entry)) {
      out.push_back(entry);
    }
  }
  if (out.empty())
    throw InputError({.where = path.string(),
                      .found = "no single-cell data in this folder",
                      .expected = "a 10x matrix (matrix.mtx, barcodes.tsv, features.tsv), folders of them, or .h5ad files"});
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace cellverdict
