#pragma once
// Writes a 10x Genomics HDF5 matrix as Cell Ranger 3 and later do (filtered_feature_bc_matrix.h5): scanpy, Seurat and cellverdict
// read it. The file appears whole or not at all; same input, same bytes.

#include <cellverdict/io/cell_stream.h>
#include <cellverdict/io/hdf5_output.h>

#include <filesystem>
#include <string>

namespace cellverdict {

struct TenxH5WriteOptions {
  std::string genome;  // of all genes; may be empty
  Hdf5Packing packing = Hdf5Packing::gzip;
};

// Throws DataError for values that are no whole counts.
void write_tenx_h5(const std::filesystem::path& path, CellStream& cells, const TenxH5WriteOptions& options);

}  // namespace cellverdict
