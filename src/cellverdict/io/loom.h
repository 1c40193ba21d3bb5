#pragma once
// Reads .loom files (loompy's format, versions 1 to 3): a dense matrix of genes × cells, given as sparse rows of cells.

#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>

namespace cellverdict {

// Columns of the matrix are read in bands of whole chunks that fit the memory, so that no chunk is unpacked twice. Genes go by
// Accession where it holds Ensembl ids, else by Gene; cells by CellID, or by number where the file names none (said in the notes).
// Layer X, or none, is
// /matrix. Attributes of the cells that are no vector are left out and noted. Throws InputError with file and inner path.
std::unique_ptr<CellSource> open_loom(const std::filesystem::path& path, const OpenOptions& options);

}  // namespace cellverdict
