#pragma once
// Embeddings that lie beside the cells of an .h5ad file (obsm): coordinates others computed, never an input to training.

#include <cellverdict/io/hdf5_object.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct Embedding {
  std::int64_t n_cells = 0, n_dimensions = 0;
  std::vector<float> values;         // row-major [cells, dimensions]
  std::vector<std::string> columns;  // names of the dimensions where the file has them; else empty
};

// Names of obsm, of any version.
std::vector<std::string> list_h5ad_embeddings(const Hdf5Object& root);

// One of them, for all cells of the file in its order. Arrays, sparse matrices (made dense), data frames of numbers, and the
// records of anndata before 0.7. Throws UsageError naming the nearest for an unknown one, InputError for other encodings.
Embedding read_h5ad_obsm(const std::filesystem::path& path, const std::string& name);

// How many dimensions it has, from its head alone. Errors as above.
std::int64_t h5ad_obsm_width(const std::filesystem::path& path, const std::string& name);

// The same piece by piece, from the first cell to the last, each of about `block_bytes`. Data frames and what is compressed by
// column are held whole.
struct EmbeddingBlock {
  std::int64_t first_row = 0, n_rows = 0, n_dimensions = 0;
  std::span<const float> values;  // [n_rows, n_dimensions]
};
void read_h5ad_obsm_rows(const std::filesystem::path& path, const std::string& name, std::int64_t block_bytes,
                         const std::function<void(const EmbeddingBlock&)>& see);

}  // namespace cellverdict
