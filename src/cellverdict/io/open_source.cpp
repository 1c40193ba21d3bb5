#include <cellverdict/io/open_source.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/io/delimited.h>
#include <cellverdict/io/foreign_format.h>
#include <cellverdict/io/geo_source.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/hdf5_format.h>
#include <cellverdict/io/loom.h>
#include <cellverdict/io/tar_source.h>
#include <cellverdict/io/tenx_h5.h>
#include <cellverdict/io/tenx_mex.h>
#include <cellverdict/io/unpacked_file.h>

#include <algorithm>
#include <optional>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr int kLevels = 3;  // of folders that are searched: sample1/outs/filtered_feature_bc_matrix

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) out.push_back(it->path());
  if (failure) throw InputError({.where = folder.string(), .found = failure.message(), .expected = "a readable folder"});
  std::sort(out.begin(), out.end());
  return out;
}

// The triple that a matrix file belongs to; nothing for other files.
std::optional<TenxMexFiles> matrix_beside(const fs::path& file) {
  const auto prefix = matrix_prefix(file.filename().string());
  return prefix ? find_tenx_mex(file.parent_path().empty() ? "." : file.parent_path(), *prefix) : std::nullopt;
}

// A series matrix or SOFT file of GEO, or a web page that stands for one. .soft files too have names of their own.
bool is_geo(const fs::path& file) {
  return geo_kind_of(file) != GeoKind::none;
}

// Names that tables of text go by, gzipped or not.
bool is_table_name(std::string name) {
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const char* ending : {".csv", ".tsv", ".txt", ".tab"})
    if (name.ends_with(ending)) return true;
  return false;
}

bool is_table_of_values(const fs::path& file) {
  const std::string name = file.filename().string();
  const bool soft = name.ends_with(".soft") || name.ends_with(".soft.gz");
  if (!soft && !is_table_name(name)) return false;
  const GeoKind kind = geo_kind_of(file);
  if (kind == GeoKind::series_matrix) return true;
  if (kind == GeoKind::soft) return !geo_name(file).starts_with("GPL");
  return kind == GeoKind::none && !soft && kind_of_table(file) == TableKind::matrix;
}

std::unique_ptr<CellSource> open_table(const fs::path& file, const OpenOptions& options) {
  if (kind_of_table(file) == TableKind::sheet)
    throw InputError({.where = file.string(),
                      .found = "a sample sheet (it has a column path or prefix)",
                      .expected = "measurements",
                      .advice = "name the sheet alone; its rows name the files"});
  return open_delimited(file, options);
}

bool is_gzipped_hdf5(const std::string& name) {
  return name.ends_with(".h5.gz") || name.ends_with(".h5ad.gz");
}

std::unique_ptr<CellSource> open_hdf5(const fs::path& file, const OpenOptions& options) {
  const Hdf5Object root = Hdf5Object::open_file(file);
  switch (hdf5_format(root)) {
    case Hdf5Format::h5ad:
      return open_h5ad(file, options);
    case Hdf5Format::tenx_v2:
    case Hdf5Format::tenx_v3:
      return open_tenx_h5(file, options);
    case Hdf5Format::loom:
      return open_loom(file, options);
    case Hdf5Format::other:
      break;
  }
  refuse_hdf5(root);
}

std::unique_ptr<CellSource> open_file(const fs::path& file, const OpenOptions& options) {
  const std::string name = file.filename().string();
  if (is_hdf5(file) || name.ends_with(".h5ad") || name.ends_with(".h5") || name.ends_with(".loom")) return open_hdf5(file, options);
  if (const auto files = matrix_beside(file)) return open_tenx_mex(*files, options.memory_bytes);
  if (is_gzipped_hdf5(name))
    return open_unpacked(file, source_name(file), {}, [&](const fs::path& copy) { return open_hdf5(copy, options); });
  if (is_geo(file)) return open_geo(file, options);
  if (!is_table_name(name)) refuse_foreign(file);  // JSON has lines of numbers too
  if (kind_of_table(file) == TableKind::matrix) return open_table(file, options);
  refuse_foreign(file);
  if (is_table_name(name)) return open_table(file, options);
  throw InputError({.where = file.string(),
                    .found = "a file of unknown format",
                    .expected = "an .h5ad file, or a 10x folder with matrix.mtx, barcodes.tsv and features.tsv, a .loom file, a "
                                "series matrix of GEO or a table of numbers (.csv, .tsv)"});
}

std::unique_ptr<CellSource> open_in_tar(const TarPath& path, const OpenOptions& options) {
  const TarLibrary library = find_tar_library(path);
  if (library.triple) return open_tenx_mex(*library.triple, options.memory_bytes);
  return open_unpacked(*library.member, library.name, library.notes,
                       [&](const fs::path& copy) { return open_hdf5(copy, options); });
}

// A 10x matrix in HDF5 by its content; an .h5 may be anything.
bool is_tenx_h5(const fs::path& file) {
  if (!is_hdf5(file)) return false;
  const Hdf5Format format = hdf5_format(Hdf5Object::open_file(file));
  return format == Hdf5Format::tenx_v2 || format == Hdf5Format::tenx_v3;
}

bool is_h5ad_in_h5(const fs::path& file) {
  return file.extension() == ".h5" && is_hdf5(file) && hdf5_format(Hdf5Object::open_file(file)) == Hdf5Format::h5ad;
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
    if (!prefix || !prefix->starts_with(name) || !ends_name(name, *prefix)) continue;
    if (longer.empty() || longer.back() != *prefix) longer.push_back(*prefix);
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
  if (const auto tar = split_tar_path(path)) return open_in_tar(*tar, options);
  if (fs::is_directory(path)) {
    if (const auto files = find_tenx_mex(path, "")) return open_tenx_mex(*files, options.memory_bytes);
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
  if (const auto files = find_prefixed(path)) return open_tenx_mex(*files, options.memory_bytes);
  refuse_missing(path);
}

std::string source_name(const fs::path& path) {
  if (const auto tar = split_tar_path(path)) return find_tar_library(*tar).name;
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
  const std::string name = path.filename().string();
  if (name.ends_with(".h5.gz") || (name.ends_with(".h5") && is_tenx_h5(path)))
    return library_name(path.parent_path().empty() ? "." : path.parent_path(), hdf5_prefix(name));
  const std::string stem = name.ends_with(".gz") ? path.stem().stem().string() : path.stem().string();
  return stem != geo_name(path) && is_geo(path) ? geo_name(path) : stem;
}

std::vector<fs::path> find_sources(const fs::path& path) {
  if (const auto tar = split_tar_path(path)) {
    if (tar->inner.empty()) return find_tar_libraries(tar->archive);
    find_tar_library(*tar);
    return {path};
  }
  if (!fs::exists(path)) {
    if (find_prefixed(path)) return {path};
    refuse_missing(path);
  }
  if (!fs::is_directory(path)) return {path};
  FileList list = list_folder(path, kLevels);
  std::erase_if(list.files, [](const auto& file) { return file.first.ends_with(".h5") && !is_tenx_h5(file.second.file); });
  std::vector<fs::path> out;
  for (const auto& library : tenx_libraries(list)) {
    if (library.address.empty()) return {path};
    out.push_back(path /
                  (library.address.ends_with('/') ? library.address.substr(0, library.address.size() - 1) : library.address));
  }
  for (const auto& entry : sorted_entries(path))
    if (fs::is_regular_file(entry) && (entry.extension() == ".h5ad" || entry.extension() == ".loom" || is_h5ad_in_h5(entry)))
      out.push_back(entry);
  // A folder of tables alone, as GEO has them; beside other data a table may be anything. Annotations of platforms lie beside them.
  if (out.empty())
    for (const auto& entry : sorted_entries(path))
      if (fs::is_regular_file(entry) && is_table_of_values(entry)) out.push_back(entry);
  if (out.empty()) refuse_foreign(path);
  if (out.empty())
    throw InputError({.where = path.string(),
                      .found = "no single-cell data in this folder",
                      .expected = "a 10x matrix (matrix.mtx, barcodes.tsv, features.tsv), folders of them, .h5 or .h5ad files"});
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace cellverdict
