#pragma once
// The three layouts of X in an .h5ad file, each as a stream of sparse rows. Opened by open_h5ad, which has read obs and var; 10x
// HDF5 and loom share what is common to them.

#include <cellverdict/io/hdf5_chunks.h>
#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// A compressed sparse matrix on disk: `major` is the compressed axis (rows of CSR, columns of CSC).
class H5adCompressed {
 public:
  // Throws InputError when lengths disagree, indptr is not ascending or the elements are no numbers.
  H5adCompressed(const Hdf5Object& x, std::int64_t n_major, std::int64_t n_minor, const OpenOptions& options);
  // Where the rows (or columns) [first, first + count) begin, and where the last of them ends: [count + 1].
  void read_pointers(std::int64_t first, std::int64_t count, std::vector<std::int64_t>& out) const;
  std::int64_t n_stored() const { return n_stored_; }
  // Entries [first, first + count), every index checked.
  void read(std::int64_t first, std::int64_t count, std::int32_t* indices, float* values);
  void read_indices(std::int64_t first, std::int64_t count, std::int32_t* out);

 private:
  void check_pointers(std::int64_t n_major);
  void check_indices(std::int64_t first, std::int64_t count, const std::int32_t* found) const;

  Hdf5Chunks data_, indices_;
  Hdf5Object pointers_;  // never held: they are eight bytes a cell
  std::int64_t n_stored_ = 0, n_minor_;
  int threads_;
};

// What the layouts share: where the reading stands, and that rows come out ascending, without zeros, NaN and repeated genes.
// To add a layout: give the entries of the rows asked for; nothing else.
class H5adRows : public CellSource {
 public:
  const SourceHead& head() const final { return head_; }
  void rewind() final { next_row_ = 0; }
  bool read_block(std::int64_t max_rows, CsrBlock& block) final;

 protected:
  H5adRows(SourceHead head, std::string where, const OpenOptions& options);
  // Makes `block` the rows [first, end) as they are stored, whatever it held: indptr, indices (all in range) and values. Making
  // its vectors longer, not clearing them first, spares writing zeros where the entries go.
  virtual void load(std::int64_t first, std::int64_t end, CsrBlock& block) = 0;

  SourceHead head_;
  OpenOptions options_;

 private:
  bool is_tidy(const CsrBlock& block) const;
  void tidy(CsrBlock& block) const;
  [[noreturn]] void refuse(std::int64_t row, std::int32_t gene, const std::string& found, const std::string& expected) const;

  std::string where_;
  std::int64_t next_row_ = 0;
};

std::unique_ptr<CellSource> open_csr_rows(SourceHead head, const Hdf5Object& x, const OpenOptions& options);
std::unique_ptr<CellSource> open_csc_rows(SourceHead head, const Hdf5Object& x, const OpenOptions& options);
std::unique_ptr<CellSource> open_dense_rows(SourceHead head, Hdf5Object x, const OpenOptions& options);

}  // namespace cellverdict
