#pragma once
// Reads .h5ad files (AnnData's current encoding): streaming through CellSource, or in place for shards we wrote.

#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>
#include <cellverdict/table/cell_table.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// X as CSR, CSC (streamed as rows within options.memory_bytes: the columns are swept once per band of rows) or dense.
// Throws InputError with file and inner path (`obs/donor`, `X/indices`) for anything damaged or not understood.
std::unique_ptr<CellSource> open_h5ad(const std::filesystem::path& path, const OpenOptions& options = {});

struct MappedH5ad {
  GeneList genes;
  Frame obs;
  CsrShard shard;
};
// A shard written by write_h5ad, its X mapped read-only. Throws InputError when X is not contiguous CSR of ours.
MappedH5ad map_h5ad(const std::filesystem::path& path);

// What write_dense_h5ad wrote.
struct DenseH5ad {
  Frame obs, var;
  std::vector<double> x;  // row-major [obs, var]
  std::vector<std::pair<std::string, std::vector<double>>> layers;
};
DenseH5ad read_dense_h5ad(const std::filesystem::path& path);

}  // namespace cellverdict
