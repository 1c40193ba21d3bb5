#pragma once
// Recognises what a path is by its content and opens it; a folder may hold many libraries.

#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// Opens an .h5ad file, a 10x folder (matrix.mtx[.gz] + barcodes + features|genes), or one library of a prefixed folder when
// `path` is such a prefix ("mex/GSM000001_ctrl101_"). Throws InputError when it is none of these or damaged.
std::unique_ptr<CellSource> open_source(const std::filesystem::path& path, const OpenOptions& options = {});

// The name its cells go by: that of the library's folder, file or prefix, as head().name of the opened source says it, without
// reading the tables. Throws like open_source.
std::string source_name(const std::filesystem::path& path);

// The libraries a path stands for, each to be given to open_source: itself when it is one; else the 10x folders, prefixed
// triples and .h5ad files directly inside the folder, sorted by name. Throws InputError when nothing is found.
std::vector<std::filesystem::path> find_sources(const std::filesystem::path& path);

}  // namespace cellverdict
