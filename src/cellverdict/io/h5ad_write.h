#pragma once
// Writes .h5ad files in AnnData's current encoding (anndata >= 0.8): anndata and scanpy read them. Files appear whole or not at
// all.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/scratch_file.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/hdf5_output.h>
#include <cellverdict/table/cell_table.h>
#include <cellverdict/table/csr.h>
#include <cellverdict/table/frame.h>
#include <cellverdict/table/genes.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// X as it is written: row blocks come in order from `next` until it gives false.
struct H5adContents {
  Frame obs;                                // index = cell names
  Frame var;                                // index = gene ids; a column "gene_symbols" by our convention
  std::optional<std::int64_t> n_nonzero;    // where it is known: X is stored in one piece, to be mapped; otherwise in chunks
  bool whole_16_bit = false;                // values as uint16 (inside a store only); otherwise float32
  Hdf5Packing packing = Hdf5Packing::none;  // gzip: smaller, and in chunks in any case
  std::function<bool(CsrBlock&)> next_block;
  std::map<std::string, std::string> notes;  // written as strings under uns/
};

// Gives the number of entries. X in one piece is 4096-byte aligned and allocated early, so that map_h5ad can read it in place.
// Throws InputError (disk full, …).
std::int64_t write_h5ad(const std::filesystem::path& path, const H5adContents& contents);

// A shard of a store: X is written by several threads in any order, then the annotations. Laid out as write_h5ad does it.
struct H5adShardShape {
  std::int64_t n_rows = 0, n_genes = 0, n_entries = 0;
  bool whole_16_bit = false;
};
class H5adShard {
 public:
  // Throws InputError when the disk has no room for it.
  H5adShard(const std::filesystem::path& path, const H5adShardShape& shape);
  ~H5adShard();
  H5adShard(const H5adShard&) = delete;
  H5adShard& operator=(const H5adShard&) = delete;

  // Where the entries of rows first_row, first_row + 1, … end. Each row's, each entry's exactly once.
  void write_ends(std::int64_t first_row, std::span<const std::int64_t> ends) const;
  void write_genes(std::int64_t first_entry, std::span<const std::int32_t> genes) const;
  void write_counts(std::int64_t first_entry, std::span<const std::uint16_t> counts) const;  // whole_16_bit
  void write_values(std::int64_t first_entry, std::span<const float> values) const;          // not whole_16_bit
  // Before anything else is written: goes on in `file`, on the same disk, which has the genes of all rows from head_bytes on. False
  // where they would not lie there in a shard of this shape; nothing has happened then.
  bool take_genes(ScratchFile& file, std::int64_t head_bytes);
  // Where the genes of a shard begin as a rule. Makes a file in `folder` and takes it away.
  static std::int64_t head_bytes(const std::filesystem::path& folder);
  void finish(const H5adLateFrame& obs, const Frame& var);

 private:
  void begin();
  void write_at(std::int64_t place, const void* bytes, std::int64_t n) const;

  AtomicPath out_;
  std::filesystem::path path_;
  H5adShardShape shape_;
  int file_ = -1;
  std::int64_t genes_at_ = 0, data_at_ = 0, ends_at_ = 0;
};

// Small dense results: X dense float64 [n_obs, n_var], further layers of the same shape (statistics of units × genes).
struct DenseH5adContents {
  Frame obs, var;
  std::span<const double> x;  // row-major [obs, var]
  std::vector<std::pair<std::string, std::span<const double>>> layers;
  struct Obsm {
    std::string name;
    std::span<const double> values;  // [obs, n_dimensions]
    std::int64_t n_dimensions = 0;
  };
  std::vector<Obsm> obsm = {};
  std::map<std::string, std::string> notes = {};  // written as strings under uns/
};
void write_dense_h5ad(const std::filesystem::path& path, const DenseH5adContents& contents);

}  // namespace cellverdict
