#pragma once
// 10x Genomics sparse-matrix folders ("MEX"). Entries sorted by cell, as 10x writes them, stream in order and no more than one
// block is ever held. Entries in any other order, and matrices of cells × genes, are read in bands of cells that fit the memory
// allowed: the file is swept once to count, and once for each band.

#include <cellverdict/io/tenx_files.h>
#include <cellverdict/table/cell_source.h>

#include <cstdint>
#include <memory>

namespace cellverdict {

// Rows of other types than Gene Expression (antibodies, CRISPR guides) are dropped and counted in head().notes.
// Throws InputError naming file and line for header, size, index or count errors, repeated entries, NaN, negative values.
std::unique_ptr<CellSource> open_tenx_mex(const TenxMexFiles& files, std::int64_t memory_bytes = std::int64_t{512} << 20);

}  // namespace cellverdict
