#pragma once
// Which files make up a 10x matrix, in a folder or in an archive: matrix.mtx, barcodes.tsv, features.tsv (v3) or genes.tsv (v2),
// gzipped or not in any mixture, with or without a prefix before each name (GSM8325046_C_d0_matrix.mtx.gz). One table of features
// may serve all matrices of a folder (GSE1_features.tsv.gz).

#include <cellverdict/io/input_bytes.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// The files of a folder by their names, or all members of an archive by theirs ("raw/matrix.mtx").
struct FileList {
  std::filesystem::path shown;
  std::map<std::string, InputBytes> files;
};
// Those of folders inside it too, up to `levels` down ("raw/matrix.mtx"). Throws InputError when a folder cannot be read.
FileList list_folder(const std::filesystem::path& folder, int levels = 0);

struct TenxMexFiles {
  InputBytes matrix, barcodes, features;
  std::string name;                // folder name, or prefix without trailing separator
  std::vector<std::string> notes;  // whose features they are when not their own
};

// The triple whose names start with `prefix` (may be empty); nothing when no matrix is there.
// Throws InputError when the matrix is there and its barcodes or features are not, or not for certain.
std::optional<TenxMexFiles> find_tenx_mex(const FileList& list, const std::string& prefix);
std::optional<TenxMexFiles> find_tenx_mex(const std::filesystem::path& folder, const std::string& prefix);

// "GSM1_" of "GSM1_matrix.mtx.gz", "" of "matrix.mtx"; nothing for other names.
std::optional<std::string> matrix_prefix(const std::string& name);
// The prefixes of all matrices of a list, each once, sorted.
std::vector<std::string> matrix_prefixes(const FileList& list);

// True when `name` ends where a word of `longer`, which it begins, ends: "GSM1" in "GSM1_ctrl_", and not in "GSM10_".
bool ends_name(const std::string& name, const std::string& longer);

// What a library is called: its prefix, or its folder; names that pipelines give say nothing ("outs", "GRCh38") and the folder
// above is meant.
std::string library_name(const std::filesystem::path& folder, const std::string& prefix);
// "GSM1" of "GSM1_filtered_feature_bc_matrix.h5", "" of "filtered_feature_bc_matrix.h5", "any" of "any.h5[.gz]".
std::string hdf5_prefix(const std::string& name);

// A library of a list: the prefix of its triple, or its .h5 file.
struct TenxLibrary {
  std::string address;  // names it within the list: prefix or file
  bool hdf5 = false;
  std::vector<std::string> notes;  // what was left out for it
};
// All libraries of a list, sorted by address; none below a folder that has some itself, and no other where the list is one matrix.
// Of one and the same library the called cells are taken before all barcodes ("filtered" before "raw") and a triple before HDF5,
// with a note of what was left out.
std::vector<TenxLibrary> tenx_libraries(const FileList& list);

}  // namespace cellverdict
