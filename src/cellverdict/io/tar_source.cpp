#include <cellverdict/io/tar_source.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/tar_list.h>

#include <algorithm>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

bool ends_with_any(const std::string& name, std::initializer_list<const char*> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](const char* ending) { return name.ends_with(ending); });
}

bool is_h5ad_name(const std::string& name) {
  return ends_with_any(name, {".h5ad", ".h5ad.gz"});
}

// The 10x matrices of the archive and its .h5ad files.
std::vector<TenxLibrary> libraries_of(const FileList& list) {
  std::vector<TenxLibrary> out = tenx_libraries(list);
  for (const auto& [name, input] : list.files)
    if (is_h5ad_name(name)) out.push_back({name, true, {}});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return out;
}

// "GSM1_" of the triple "GSM1_", "a" of "a/": how a person names it.
std::string typed(const TenxLibrary& library) {
  const std::string& address = library.address;
  return address.ends_with("/") ? address.substr(0, address.size() - 1) : address;
}

[[noreturn]] void refuse_no_library(const FileList& list) {
  std::vector<std::string> names;
  bool archives = false;
  for (const auto& [name, input] : list.files) {
    names.push_back(name);
    archives |= ends_with_any(name, {".tar.gz", ".tgz", ".tar", ".zip"});
  }
  throw InputError({.where = list.shown.string(),
                    .found = "no single-cell data in this archive (" + listed(names, 4) + ")",
                    .expected = "10x matrices (matrix.mtx, barcodes.tsv, features.tsv), 10x .h5 or .h5ad files",
                    .advice = archives ? "unpack the archives in it and name the folder" : ""});
}

TarLibrary library_at(const FileList& list, const TenxLibrary& found) {
  TarLibrary out{.notes = found.notes};
  if (found.hdf5) {
    out.member = list.files.at(found.address);
    const bool whole = is_h5ad_name(found.address);
    out.name = whole ? fs::path(found.address.substr(0, found.address.rfind(".h5ad"))).filename().string()
                     : library_name(list.shown, hdf5_prefix(found.address));
    return out;
  }
  out.triple = find_tenx_mex(list, found.address);
  out.triple->notes.insert(out.triple->notes.end(), out.notes.begin(), out.notes.end());
  out.name = out.triple->name;
  return out;
}

// The library whose address this is, or the only one that goes on from it where it ends: "GSM1" for "GSM1_ctrl_", but not "GSM10_".
std::vector<TenxLibrary> libraries_named(const std::vector<TenxLibrary>& all, const std::string& inner) {
  std::vector<TenxLibrary> longer;
  for (const auto& library : all) {
    if (library.address == inner || typed(library) == inner) return {library};
    if (library.address.starts_with(inner) && ends_name(inner, library.address)) longer.push_back(library);
  }
  return longer;
}

}  // namespace

std::optional<TarPath> split_tar_path(const fs::path& path) {
  for (fs::path file = path; file.has_relative_path(); file = file.parent_path()) {
    if (fs::is_regular_file(file)) {
      const std::string name = file.filename().string();
      if (ends_with_any(name, {".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"}))
        throw InputError({.where = file.string(),
                          .found = "a compressed tar archive, which cannot be read in place",
                          .expected = "a plain one",
                          .advice = ends_with_any(name, {".tar.gz", ".tgz"}) ? "unpack it, or take the compression off with gunzip"
                                                                             : "unpack it"});
      if (!name.ends_with(".tar") && !is_tar(file)) return std::nullopt;
      std::string inner = file == path ? "" : path.lexically_relative(file).string();
      while (inner.ends_with('/')) inner.pop_back();
      return TarPath{file, inner == "." ? "" : inner};
    }
    if (fs::exists(file)) return std::nullopt;
  }
  return std::nullopt;
}

TarLibrary find_tar_library(const TarPath& path) {
  const FileList list = list_tar(path.archive);
  const auto all = libraries_of(list);
  if (all.empty()) refuse_no_library(list);
  std::vector<std::string> names;
  for (const auto& library : all) names.push_back(typed(library));
  // What was left out for a better form of the same library may still be asked for by its own name.
  if (!path.inner.empty()) {
    if (list.files.contains(path.inner) && !matrix_prefix(path.inner)) return library_at(list, {path.inner, true, {}});
    for (const std::string& prefix : {path.inner, path.inner + "/", matrix_prefix(path.inner).value_or("/")})
      if (list.files.contains(prefix + "matrix.mtx") || list.files.contains(prefix + "matrix.mtx.gz")) {
        const auto known = std::find_if(all.begin(), all.end(), [&](const auto& library) { return library.address == prefix; });
        return library_at(list, known != all.end() ? *known : TenxLibrary{prefix, false, {}});
      }
  }
  const auto found = path.inner.empty() ? all : libraries_named(all, path.inner);
  if (found.size() == 1) return library_at(list, found.front());
  if (found.empty())
    throw InputError({.where = (path.archive / path.inner).string(),
                      .found = "nothing of this name in the archive",
                      .expected = "one of its libraries (" + listed(names) + ")",
                      .advice = suggestion(path.inner, names)});
  names.clear();
  for (const auto& library : found) names.push_back(typed(library));
  throw InputError(
      {.where = (path.inner.empty() ? path.archive : path.archive / path.inner).string(),
       .found = std::to_string(found.size()) + " libraries (" + listed(names) + ")",
       .expected = "one",
       .advice = "name one of them, as in " + (path.archive / names.front()).string() + ", or list them in a sample sheet"});
}

std::vector<fs::path> find_tar_libraries(const fs::path& archive) {
  const FileList list = list_tar(archive);
  const auto all = libraries_of(list);
  if (all.empty()) refuse_no_library(list);
  std::vector<fs::path> out;
  for (const auto& library : all) out.push_back(library.address.empty() ? archive : archive / typed(library));
  return out;
}

}  // namespace cellverdict
