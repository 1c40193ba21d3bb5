#pragma once
// 10x Genomics sparse-matrix folders ("MEX"): matrix.mtx, barcodes.tsv, features.tsv (v3) or genes.tsv (v2), gzipped or not,
// with or without a prefix before each name (GSM8325046_C_d0_matrix.mtx.gz). The matrix is genes × cells, entries sorted by cell,
// so cells stream in order and no more than one block is ever held.

#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>
#include <optional>

namespace cellverdict {

struct TenxMexFiles {
  std::filesystem::path matrix, barcodes, features;
  std::string name;  // folder name, or prefix without trailing separator
};

// The triple in `folder` whose file names start with `prefix` (may be empty); nothing when no matrix is there.
// Throws InputError when the matrix is there and its barcodes or features are not.
std::optional<TenxMexFiles> find_tenx_mex(const std::filesystem::path& folder, const std::string& prefix);

// Rows of other types than Gene Expression (antibodies, CRISPR guides) are dropped and counted in head().notes.
// Throws InputError naming file and line for header, size, index or count errors, unsorted or repeated entries, NaN, negative
// values.
std::unique_ptr<CellSource> open_tenx_mex(const TenxMexFiles& files);

}  // namespace cellverdict
