#include <cellverdict/io/tenx_files.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>

#include <algorithm>
#include <array>
#include <cctype>
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
constexpr std::array kGeneric = {"filtered_feature_bc_matrix",
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

bool is_generic(const std::string& name) {
  return std::find(kGeneric.begin(), kGeneric.end(), name) != kGeneric.end();
}

bool is_separator(char c) {
  return c == '_' || c == '-' || c == '.' || c == '/';
}

std::string without_end_separators(std::string text) {
  while (!text.empty() && is_separator(text.back())) text.pop_back();
  return text;
}

// Takes one of the names that say nothing off the end, where it stands alone; false when there is none.
bool take_generic_end(std::string& text) {
  for (const char* generic : kGeneric) {
    const std::string_view end = generic;
    if (!text.ends_with(end) || (text.size() > end.size() && !is_separator(text[text.size() - end.size() - 1]))) continue;
    text = without_end_separators(text.substr(0, text.size() - end.size()));
    return true;
  }
  return false;
}

// Whose cells a triple or file holds, and whether they are all barcodes: "a/raw_feature_bc_matrix/" and
// "a/filtered_feature_bc_matrix.h5" are both of "a".
struct Owner {
  std::string name;
  bool raw = false;
};

Owner owner_of(std::string text) {
  Owner owner{without_end_separators(std::move(text)), false};
  const auto holds = [&](const std::string& word) {
    for (std::size_t at = 0; (at = owner.name.find(word, at)) != std::string::npos; ++at) {
      const std::size_t end = at + word.size();
      if ((at == 0 || is_separator(owner.name[at - 1])) && (end == owner.name.size() || is_separator(owner.name[end]))) return at;
    }
    return std::string::npos;
  };
  if (const std::size_t at = holds("raw"); at != std::string::npos) {
    owner.raw = true;
    owner.name.replace(at, 3, "filtered");
  }
  while (take_generic_end(owner.name)) {
  }
  if (owner.name.ends_with("filtered") && holds("filtered") + 8 == owner.name.size())
    owner.name = without_end_separators(owner.name.substr(0, owner.name.size() - 8));
  return owner;
}

std::optional<std::string> hdf5_stem(const std::string& name) {
  for (const std::string_view ending : {".h5", ".h5.gz"})
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  return std::nullopt;
}

// What lies deeper than a matrix belongs to it: results of an analysis, a subset.
void drop_nested(std::vector<TenxLibrary>& libraries) {
  std::vector<std::string> folders;
  for (const auto& library : libraries)
    if (!library.hdf5 && (library.address.empty() || !folder_of(library.address).empty()))
      folders.push_back(folder_of(library.address));
  std::erase_if(libraries, [&](const TenxLibrary& library) {
    const std::string own = folder_of(library.address);
    return !library.address.empty() && std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
      return folder.empty() || (own.size() > folder.size() && own.starts_with(folder));
    });
  });
}

}  // namespace

FileList list_folder(const fs::path& folder, int levels) {
  FileList list{folder, {}};
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;  // links that lead nowhere
    if (it->is_regular_file(ignored)) list.files.emplace(name, it->path());
    if (levels == 0 || !it->is_directory(ignored)) continue;
    for (auto& [below, input] : list_folder(it->path(), levels - 1).files) list.files.emplace(name + "/" + below, std::move(input));
  }
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

bool ends_name(const std::string& name, const std::string& longer) {
  return name.size() == longer.size() || !std::isalnum(static_cast<unsigned char>(name.back())) ||
         !std::isalnum(static_cast<unsigned char>(longer[name.size()]));
}

std::string library_name(const fs::path& folder, const std::string& prefix) {
  std::string own_name = prefix.substr(folder_of(prefix).size());
  while (!own_name.empty() && (own_name.back() == '_' || own_name.back() == '-' || own_name.back() == '.')) own_name.pop_back();
  if (!own_name.empty()) return own_name;
  fs::path path = fs::absolute(folder / folder_of(prefix)).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string own = path.filename().string();
  while (is_generic(path.filename().string()) && path.parent_path().has_filename()) path = path.parent_path();
  const std::string name = is_generic(path.filename().string()) ? own : path.filename().string();
  return name.ends_with(".tar") ? name.substr(0, name.size() - 4) : name;
}

std::string hdf5_prefix(const std::string& name) {
  std::string stem = hdf5_stem(name).value_or(name);
  take_generic_end(stem);
  return stem;
}

std::vector<TenxLibrary> tenx_libraries(const FileList& list) {
  struct Candidate {
    int rank;  // the first is taken
    TenxLibrary library;
  };
  std::map<std::string, std::vector<Candidate>> owners;
  for (auto& prefix : matrix_prefixes(list)) {
    const Owner owner = owner_of(prefix);
    owners[owner.name].push_back({owner.raw ? 2 : 0, {prefix, false, {}}});
  }
  for (const auto& [name, input] : list.files) {
    const auto stem = hdf5_stem(name);
    if (!stem || stem->ends_with("molecule_info") || stem->ends_with("raw_probe_bc_matrix")) continue;
    const Owner owner = owner_of(*stem);
    owners[owner.name].push_back({owner.raw ? 3 : 1, {name, true, {}}});
  }
  std::vector<TenxLibrary> out;
  for (auto& [owner, candidates] : owners) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    // Several of the first rank are not twins, whatever their names have in common.
    for (auto& candidate : candidates) {
      if (candidate.rank == candidates.front().rank) {
        out.push_back(std::move(candidate.library));
      } else {
        out.back().notes.push_back(candidate.library.address + (candidate.library.hdf5 ? "" : "matrix.mtx") +
                                   " is left out as another form of the same library");
      }
    }
  }
  drop_nested(out);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return out;
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
