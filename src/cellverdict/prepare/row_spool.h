#pragma once
// Pass 1 of preparation, between reading and the shard: the rows of one source while their number and order are not yet known, in
// scratch files beside the target. Two bytes a gene and two a count where they fit.

#include <cellverdict/base/scratch_file.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace cellverdict {

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
  std::vector<std::byte> genes, values;
};

class RowSpool {
 public:
  RowSpool(const std::filesystem::path& stem, std::int64_t n_genes);

  // `whole`: all values are counts below 65,536.
  void pack(std::int64_t cell, const CsrRow& row, bool whole, PackedRows& out) const;
  // Puts the parts behind one another.
  void append(std::span<PackedRows> parts, int threads);
  // After the last append.
  void finish();
  // Before the first row is read: rows can then be read in any order, by several threads.
  void open();

  std::int64_t n_rows() const { return rows_.size() / static_cast<std::int64_t>(sizeof(PackedRows::Row)); }
  const PackedRows::Row& row(std::int64_t i) const { return row_table_[i]; }
  // Into arrays of row(i).n_entries.
  void read_genes(std::int64_t i, std::int32_t* out) const;
  void read_counts(std::int64_t i, std::uint16_t* out) const;  // of rows that are not wide
  void read_values(std::int64_t i, float* out) const;

 private:
  bool narrow_genes_;
  ScratchFile rows_, genes_, values_;
  const PackedRows::Row* row_table_ = nullptr;
  const std::byte *gene_bytes_ = nullptr, *value_bytes_ = nullptr;
};

}  // namespace cellverdict
