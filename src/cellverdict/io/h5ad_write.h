#pragma once
// Writes .h5ad files in AnnData's current encoding (anndata >= 0.8): anndata and scanpy read them. Files appear whole or not at
// all.

#include <cellverdict/io/hdf5_output.h>
#include <cellverdict/table/cell_table.h>
#include <cellverdict/table/csr.h>
#include <cellverdict/table/frame.h>
#include <cellverdict/table/genes.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// X as it is written: row blocks come in order from `next` until it gives false.
struct H5adContents {
  Frame obs;                                // index = cell names
  Frame var;                                // index = gene ids; a column "gene_symbols" by our convention
  std::int64_t n_nonzero = 0;               // exact, known beforehand: X is stored contiguously, without chunks
  bool whole_16_bit = false;                // values as uint16 (inside a store only); otherwise float32
  Hdf5Packing packing = Hdf5Packing::none;  // gzip: smaller, and no longer to be mapped
  std::function<bool(CsrBlock&)> next_block;
  std::map<std::string, std::string> notes;  // written as strings under uns/
};

// X contiguous, 4096-byte aligned, early allocation, so that map_h5ad can read it in place. Throws InputError (disk full, …).
void write_h5ad(const std::filesystem::path& path, const H5adContents& contents);

// Small dense results: X dense float64 [n_obs, n_var], further layers of the same shape (statistics of units × genes).
struct DenseH5adContents {
  Frame obs, var;
  std::span<const double> x;  // row-major [obs, var]
  std::vector<std::pair<std::string, std::span<const double>>> layers;
};
void write_dense_h5ad(const std::filesystem::path& path, const DenseH5adContents& contents);

}  // namespace cellverdict
