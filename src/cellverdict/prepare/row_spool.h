#pragma once
// Pass 1 of preparation, between reading and the shard: the rows of one source while their number and order are not yet known, in
// scratch files beside the target. Two bytes a gene and two a count where they fit. Rows that come in the shard's order already
// have their genes written as the shard holds them, into a file that becomes the shard.

#include <cellverdict/base/scratch_file.h>
#include <cellverdict/table/csr.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace cellverdict {

// Bytes that grow without being set to zero first, and keep their room when cleared.
class PackedBytes {
 public:
  std::byte* grow(std::size_t n) {
    if (size_ + n > room_.size()) room_.resize(std::max(size_ + n, 2 * room_.size()));
    return room_.data() + std::exchange(size_, size_ + n);
  }
  const std::byte* data() const { return room_.data(); }
  std::size_t size() const { return size_; }
  void clear() { size_ = 0; }

 private:
  std::vector<std::byte> room_;
  std::size_t size_ = 0;
};

// Rows packed by one thread, not yet in the files.
struct PackedRows {
  struct Row {
    std::int64_t cell;       // number of its record
    std::int64_t genes_at;   // bytes
    std::int64_t values_at;  // bytes
    std::int32_t n_entries;
    std::int32_t wide;  // values are float, else 16-bit counts
  };
  std::vector<Row> rows;
  PackedBytes genes, values;
  void clear() {
    rows.clear();
    genes.clear();
    values.clear();
  }
};

class RowSpool {
 public:
  // `head_bytes` > 0: the genes are numbers of 32 bits one row after the other, from this byte of their file on.
  RowSpool(const std::filesystem::path& stem, std::int64_t n_genes, std::int64_t head_bytes = 0);

  // `whole`: all values are counts below 65,536.
  void pack(std::int64_t cell, const CsrRow& row, bool whole, PackedRows& out) const;
  // Puts the parts behind one another.
  void append(std::span<PackedRows> parts, int threads);
  // After the last append.
  void finish();
  // Before the first row is read: rows can then be read in any order, by several threads.
  void open();

  std::int64_t head_bytes() const { return head_bytes_; }
  // For a shard that takes it over; genes can still be read.
  ScratchFile& genes_file() { return genes_; }

  std::int64_t n_rows() const { return rows_.size() / static_cast<std::int64_t>(sizeof(PackedRows::Row)); }
  const PackedRows::Row& row(std::int64_t i) const { return row_table_[i]; }
  // Into arrays of row(i).n_entries.
  void read_genes(std::int64_t i, std::int32_t* out) const;
  void read_counts(std::int64_t i, std::uint16_t* out) const;  // of rows that are not wide
  void read_values(std::int64_t i, float* out) const;

 private:
  std::int64_t head_bytes_;
  bool narrow_genes_;
  ScratchFile rows_, genes_, values_;
  const PackedRows::Row* row_table_ = nullptr;
  const std::byte *gene_bytes_ = nullptr, *value_bytes_ = nullptr;
};

}  // namespace cellverdict
