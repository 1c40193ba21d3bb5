#pragma once
// Writes a .loom file of version 3: genes × cells, dense and chunked. The file appears whole or not at all; same input, same bytes.

#include <cellverdict/io/cell_stream.h>
#include <cellverdict/io/hdf5_output.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct LoomWriteOptions {
  std::int64_t memory_bytes = std::int64_t{512} << 20;
  Hdf5Packing packing = Hdf5Packing::gzip;
};

// Bands of cells that fit the memory, whole chunks at a time. Gene and Accession from the genes, CellID and further column
// attributes from obs. Gives one sentence for each annotation that a loom file cannot hold.
std::vector<std::string> write_loom(const std::filesystem::path& path, CellStream& cells, const LoomWriteOptions& options);

}  // namespace cellverdict
