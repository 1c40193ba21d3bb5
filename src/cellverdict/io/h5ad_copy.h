#pragma once
// A copy of a user's .h5ad file with something added: every byte of the original is copied, then columns of obs or a layer are put
// in. The original is never touched; the copy appears whole or not at all.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/hdf5_output.h>
#include <cellverdict/table/frame.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

class H5adCopy {
 public:
  // Copies at once. Throws InputError for files of anndata before 0.7, whose annotations cannot be added to, and UsageError when
  // `target` is the original.
  H5adCopy(const std::filesystem::path& original, const std::filesystem::path& target);

  std::int64_t n_cells() const { return n_cells_; }

  // One value a cell; a column so called is replaced.
  void add_obs(const std::string& name, const Column& column);

  // An embedding [cells, n_dimensions] in obsm; one so called is replaced.
  void add_obsm(const std::string& name, std::span<const double> values, std::int64_t n_dimensions);

  // Whether there is a layer so called.
  bool has_layer(const std::string& name) const;

  void commit();

 private:
  friend class H5adLayer;

  std::filesystem::path target_;
  std::int64_t n_cells_ = 0, n_genes_ = 0;
  bool old_frame_ = false;  // anndata 0.7, which knows no categorical groups
  std::vector<std::string> columns_, layers_;
  AtomicPath out_;
  std::unique_ptr<Hdf5Group> root_;
};

// A sparse layer whose rows come in any order.
class H5adLayer {
 public:
  // `counts`: [cells] entries of each row. Throws UsageError when there is such a layer.
  H5adLayer(H5adCopy& copy, const std::string& name, std::span<const std::int64_t> counts);
  void write_row(std::int64_t row, std::span<const std::int32_t> genes, std::span<const float> values);
  // After the last row.
  void finish();

 private:
  void flush();

  std::unique_ptr<Hdf5Group> group_;
  Hdf5Array data_, indices_;
  std::vector<std::int64_t> starts_;  // [cells + 1]
  // Rows that follow one another on disk are written together.
  std::int64_t begin_ = 0, n_written_ = 0;
  std::vector<std::int32_t> genes_;
  std::vector<float> values_;
};

}  // namespace cellverdict
