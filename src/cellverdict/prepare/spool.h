#pragma once
// Rows kept for a shard while their number is not yet known: two plain files beside the target, closed when they are complete
// and mapped when the first row is asked for.

#include <cellverdict/table/csr.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

namespace cellverdict {

class RowSpool {
 public:
  // Temporary files `stem`.indices and `stem`.values. Throws InputError when they cannot be written.
  explicit RowSpool(const std::filesystem::path& stem);
  ~RowSpool();
  RowSpool(const RowSpool&) = delete;
  RowSpool& operator=(const RowSpool&) = delete;

  void append(const CsrRow& row);
  // After the last append: rows can be read in any order.
  void finish();
  CsrRow row(std::int64_t i) const;

  std::int64_t n_rows() const { return static_cast<std::int64_t>(ends_.size()) - 1; }
  std::int64_t n_nonzero(std::int64_t i) const { return ends_[i + 1] - ends_[i]; }
  bool fits_16_bit() const { return fits_16_bit_; }

 private:
  struct File;
  std::unique_ptr<File> indices_, values_;
  std::vector<std::int64_t> ends_{0};
  bool fits_16_bit_ = true;
};

}  // namespace cellverdict
