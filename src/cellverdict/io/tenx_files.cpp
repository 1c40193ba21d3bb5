#include <cellverdict/io/tenx_files.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// `stem` or `stem`.gz; nothing when neither is there. Throws InputError when both are: nobody can know which is meant.
const InputBytes* plain_or_gzip(const FileList& list, const std::string& stem) {
  const auto plain = list.files.find(stem), gzip = list.files.find(stem + ".gz"), none = list.files.end();
  if (plain != none && gzip != none)
    throw InputError({.where = list.shown.string(),
                      .found = "both " + stem + " and " + stem + ".gz",
                      .expected = "one of them",
                      .advice = "remove the other"});
  return plain != none ? &plain->second : gzip != none ? &gzip->second : nullptr;
}

std::optional<std::string> without_ending(const std::string& name, std::string_view stem) {
  for (const std::string& ending : {std::string(stem), std::string(stem) + ".gz"})
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  return std::nullopt;
}

// The part of a prefix that is folders: "raw/" of "raw/GSM1_".
std::string folder_of(const std::string& prefix) {
  return prefix.substr(0, prefix.rfind('/') + 1);
}

// The table of features that serves several matrices: of those in the same folder that no matrix has for its own, the one whose
// prefix begins the prefix of the matrix and is longest, or the only one. Throws InputError when there are several.
const InputBytes* shared_features(const FileList& list, const std::string& prefix) {
  const InputBytes* longest = nullptr;
  std::size_t length = 0;
  std::vector<std::string> names;
  const InputBytes* last = nullptr;
  for (const auto& [name, input] : list.files)
    for (const char* stem : {"features.tsv", "genes.tsv"}) {
      const auto own = without_ending(name, stem);
      if (!own || folder_of(*own) != folder_of(prefix)) continue;
      if (list.files.contains(*own + "matrix.mtx") || list.files.contains(*own + "matrix.mtx.gz")) continue;
      names.push_back(name);
      last = &input;
      if (!prefix.starts_with(*own) || (longest != nullptr && own->size() <= length)) continue;
      longest = &input;
      length = own->size();
    }
  if (longest != nullptr && length > folder_of(prefix).size()) return longest;
  if (names.size() > 1)
    throw InputError(
        {.where = list.shown.string(),
         .found = std::to_string(names.size()) + " tables of genes (" + listed(names) + ") for " + prefix + "matrix.mtx",
         .expected = "its own, or one for all",
         .advice = "name the right one " + prefix + "features.tsv"});
  return last;
}

// Folder and file names that pipelines give and that say nothing about the library.
bool is_generic(const std::string& name) {
  static constexpr std::array kGeneric = {"filtered_feature_bc_matrix",
                                          "raw_feature_bc_matrix",
                                          "sample_filtered_feature_bc_matrix",
                                          "sample_raw_feature_bc_matrix",
                                          "filtered_gene_bc_matrices",
                                          "raw_gene_bc_matrices",
                                          "filtered_gene_bc_matrices_h5",
                                          "raw_gene_bc_matrices_h5",
                                          "outs",
                                          "hg19",
                                          "GRCh38",
                                          "count",
                                          "mm10"};
  return std::find(kGeneric.begin(), kGeneric.end(), name) != kGeneric.end();
}

}  // namespace

FileList list_folder(const fs::path& folder) {
  FileList list{folder, {}};
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure))
    if (it->is_regular_file()) list.files.emplace(it->path().filename().string(), it->path());
  if (failure) throw InputError({.where = folder.string(), .found = failure.message(), .expected = "a readable folder"});
  return list;
}

std::optional<std::string> matrix_prefix(const std::string& name) {
  return without_ending(name, "matrix.mtx");
}

std::vector<std::string> matrix_prefixes(const FileList& list) {
  std::vector<std::string> out;
  for (const auto& [name, input] : list.files)
    if (auto prefix = matrix_prefix(name)) out.push_back(std::move(*prefix));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());  // matrix.mtx beside matrix.mtx.gz; opening it refuses
  return out;
}

std::string library_name(const fs::path& folder, const std::string& prefix) {
  std::string own_name = prefix.substr(folder_of(prefix).size());
  while (!own_name.empty() && (own_name.back() == '_' || own_name.back() == '-' || own_name.back() == '.')) own_name.pop_back();
  if (!own_name.empty()) return own_name;
  fs::path path = fs::absolute(folder / folder_of(prefix)).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string own = path.filename().string();
  while (is_generic(path.filename().string()) && path.parent_path().has_filename()) path = path.parent_path();
  return is_generic(path.filename().string()) ? own : path.filename().string();
}

std::optional<TenxMexFiles> find_tenx_mex(const FileList& list, const std::string& prefix) {
  const InputBytes* matrix = plain_or_gzip(list, prefix + "matrix.mtx");
  if (matrix == nullptr) return std::nullopt;
  const InputBytes* barcodes = plain_or_gzip(list, prefix + "barcodes.tsv");
  const InputBytes* features = plain_or_gzip(list, prefix + "features.tsv");
  if (features == nullptr) features = plain_or_gzip(list, prefix + "genes.tsv");
  std::vector<std::string> notes;
  if (features == nullptr) {
    features = shared_features(list, prefix);
    if (features != nullptr) notes.push_back("genes are those of " + features->shown.filename().string());
  }
  if (barcodes == nullptr || features == nullptr)
    throw InputError({.where = list.shown.string(),
                      .found = matrix->shown.filename().string() + " without " + prefix +
                               (barcodes != nullptr ? "features.tsv[.gz] or " + prefix + "genes.tsv[.gz]" : "barcodes.tsv[.gz]"),
                      .expected = "all three files of a 10x matrix",
                      .advice = "put the missing file beside it"});
  return TenxMexFiles{*matrix, *barcodes, *features, library_name(list.shown, prefix), std::move(notes)};
}

std::optional<TenxMexFiles> find_tenx_mex(const fs::path& folder, const std::string& prefix) {
  return find_tenx_mex(list_folder(folder), prefix);
}

}  // namespace cellverdict
