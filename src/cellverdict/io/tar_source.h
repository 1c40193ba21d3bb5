#pragma once
// One library of a tar archive as a source, and all of them by name: what open_source does for paths that lead into an archive.

#include <cellverdict/io/input_bytes.h>
#include <cellverdict/io/tenx_files.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// A path into an archive: "GSE1_RAW.tar" and "GSM1_".
struct TarPath {
  std::filesystem::path archive;
  std::string inner;  // empty: the archive itself
};
// Nothing when no file on the path is a tar archive. Throws InputError for a compressed one.
std::optional<TarPath> split_tar_path(const std::filesystem::path& path);

// What a path into an archive leads to: a triple, or a member in HDF5.
struct TarLibrary {
  std::optional<TenxMexFiles> triple;
  std::optional<InputBytes> member;
  std::string name;
  std::vector<std::string> notes;
};
// Throws InputError when it leads to nothing, or to several.
TarLibrary find_tar_library(const TarPath& path);

// Every library of the archive, as paths into it. Throws InputError when there is none.
std::vector<std::filesystem::path> find_tar_libraries(const std::filesystem::path& archive);

}  // namespace cellverdict
