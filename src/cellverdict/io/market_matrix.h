#pragma once
// A Matrix Market file, coordinate and general, whose entries are sorted by column: given column by column.

#include <cellverdict/io/text_lines.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

struct MarketEntry {
  std::int32_t row = 0;  // from 0
  float value = 0;
  std::int64_t line = 0;
};

class MarketMatrix {
 public:
  // Reads banner, comments and size line. Throws InputError.
  explicit MarketMatrix(const std::filesystem::path& file);

  std::int64_t n_rows() const { return n_rows_; }
  std::int64_t n_columns() const { return n_columns_; }
  std::int64_t n_entries() const { return n_entries_; }
  bool gzipped() const { return lines_.gzipped(); }
  std::int64_t next_column() const { return next_column_; }

  // The entries of the next column by ascending row, explicit zeros included; false after the last. Throws InputError with the
  // line for an entry out of range, out of order, given twice, negative or not a number, and for too few or too many entries.
  bool read_column(std::vector<MarketEntry>& entries);
  void rewind();

 private:
  void read_header();
  void read_banner();
  bool read_entry();  // into pending_; false at the end
  void check_end();
  void order(std::vector<MarketEntry>& entries) const;
  std::int64_t whole(std::string_view& line, const char* what) const;
  float value(std::string_view text) const;

  TextLines lines_;
  bool whole_values_ = false;
  std::int64_t n_rows_ = 0, n_columns_ = 0, n_entries_ = 0;
  std::int64_t n_read_ = 0, next_column_ = 0;
  MarketEntry pending_;
  std::int64_t pending_column_ = -1;  // -1: nothing pending
};

}  // namespace cellverdict
