#pragma once
// Recognises what a path is by its content and opens it; a folder may hold many libraries.

#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// Opens an .h5ad file, a 10x matrix in HDF5 (.h5, told by its content), either gzipped, a .loom file, a study of GEO (series matrix
// or SOFT, told by its content), a table of numbers (CSV, TSV, gzipped or not), a 10x folder (matrix.mtx[.gz] + barcodes +
// features|genes), or one library of a prefixed folder when `path` is such a prefix ("mex/GSM000001_ctrl101_"). A tar archive
// (GEO's GSE1_RAW.tar) is read in place as if it were a folder: "GSE1_RAW.tar/GSM1_" is the triple of that prefix in it,
// "GSE1_RAW.tar/sample1/outs/filtered_feature_bc_matrix" a 10x folder, "GSE1_RAW.tar/GSM2_filtered_feature_bc_matrix.h5" a member.
// Throws InputError when it is none of these or damaged.
std::unique_ptr<CellSource> open_source(const std::filesystem::path& path, const OpenOptions& options = {});

// The name its cells go by: that of the library's folder, file or prefix, as head().name of the opened source says it, without
// reading the tables. Throws like open_source.
std::string source_name(const std::filesystem::path& path);

// The libraries a path stands for, each to be given to open_source: itself when it is one; else the 10x folders, prefixed triples
// and 10x .h5 files in the folder (and folders in it) or archive, and the .h5ad files directly in it, sorted by name. Of one
// library in several forms only one is given: called cells before all barcodes, a triple before HDF5.
// Throws InputError when nothing is found.
std::vector<std::filesystem::path> find_sources(const std::filesystem::path& path);

}  // namespace cellverdict
