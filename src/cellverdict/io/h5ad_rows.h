#pragma once
// The three layouts of X in an .h5ad file, each as a stream of sparse rows. Opened by open_h5ad, which has read obs and var.

#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/table/cell_source.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

// A compressed sparse matrix on disk: `major` is the compressed axis (rows of CSR, columns of CSC).
struct H5adCompressed {
  Hdf5Object data, indices;
  std::vector<std::int64_t> indptr;  // [n_major + 1]
  std::int64_t n_minor = 0;

  // Throws InputError when lengths disagree, indptr is not ascending or the elements are no numbers.
  H5adCompressed(const Hdf5Object& x, std::int64_t n_major, std::int64_t n_columns, std::int64_t cache_bytes);
  std::int64_t n_stored() const { return indptr.back(); }
  // Entries [first, first + count), every index checked.
  void read_indices(std::int64_t first, std::int64_t count, std::vector<std::int32_t>& out) const;
  void read_values(std::int64_t first, std::int64_t count, std::vector<float>& out) const;
};

// Puts one row at the end of a block: sorted by gene, without zeros; refuses NaN, infinities and repeated genes.
class H5adRowAppender {
 public:
  H5adRowAppender(const SourceHead& head, std::string where) : head_(head), where_(std::move(where)) {}
  void append(std::int64_t row, std::span<const std::int32_t> genes, std::span<const float> values, CsrBlock& block);

 private:
  [[noreturn]] void refuse(std::int64_t row, std::int32_t gene, const std::string& found, const std::string& expected) const;
  void append_sorted(std::int64_t row, std::span<const std::int32_t> genes, std::span<const float> values, CsrBlock& block);

  const SourceHead& head_;
  std::string where_;
  std::vector<std::pair<std::int32_t, float>> entries_;
  std::vector<std::int32_t> genes_;
  std::vector<float> values_;
};

std::unique_ptr<CellSource> open_csr_rows(SourceHead head, const Hdf5Object& x, std::int64_t memory_bytes);
std::unique_ptr<CellSource> open_csc_rows(SourceHead head, const Hdf5Object& x, std::int64_t memory_bytes);
std::unique_ptr<CellSource> open_dense_rows(SourceHead head, const Hdf5Object& file, std::int64_t memory_bytes);

}  // namespace cellverdict
