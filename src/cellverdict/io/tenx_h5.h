#pragma once
// 10x Genomics matrices in HDF5: version 3 (group `matrix` with `features`) and version 2 (a group for each genome), as Cell
// Ranger, Space Ranger and CellBender write them. Features × barcodes by column is cells × genes by row, so cells stream in order.

#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>

namespace cellverdict {

// Features of other types than Gene Expression are dropped and counted in head().notes, and so are those of other genomes when one
// is chosen. Throws InputError with file and inner path for anything damaged, a genome that is not there, several genomes in
// version 2 without a choice, a matrix of probes, negative values.
std::unique_ptr<CellSource> open_tenx_h5(const std::filesystem::path& path, const OpenOptions& options = {});

}  // namespace cellverdict
