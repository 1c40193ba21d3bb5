#pragma once
// A Matrix Market file, coordinate and general: its entries in the order of the file, a batch at a time. Lines as programs write
// them go through a short parser; anything else goes to the careful one, which knows what to say about it and in which line.

#include <cellverdict/io/text_lines.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

struct MarketEntry {
  std::int32_t row = 0, column = 0;  // from 0
  float value = 0;
};

class MarketMatrix {
 public:
  // Reads banner, comments and size line. Throws InputError.
  explicit MarketMatrix(InputBytes input);

  std::int64_t n_rows() const { return n_rows_; }
  std::int64_t n_columns() const { return n_columns_; }
  std::int64_t n_entries() const { return n_entries_; }
  bool gzipped() const { return lines_.gzipped(); }
  // Has the comment of Cell Ranger 3 and newer, which sorts by cell.
  bool by_cell_ranger() const { return by_cell_ranger_; }

  // The next entries, explicit zeros included, as many as fit or fewer; 0 after the last. Throws InputError with the line for an
  // entry out of range, negative or not a number, and for too few or too many entries.
  std::size_t read(std::span<MarketEntry> entries);
  void rewind();

  // For messages: the lines that hold this entry. Reads the file from its beginning; call rewind() to go on.
  std::vector<std::int64_t> lines_of(std::int32_t row, std::int32_t column);

 private:
  void read_header();
  void read_banner();
  std::size_t read_usual(std::span<MarketEntry> entries);
  bool usual_value(const char*& place, const char* end, float& out) const;
  bool read_careful(MarketEntry& entry);  // false at the end
  void check_end();
  std::int64_t whole(std::string_view& line, const char* what) const;
  float value(std::string_view text) const;

  TextLines lines_;
  bool whole_values_ = false, by_cell_ranger_ = false;
  std::int64_t n_rows_ = 0, n_columns_ = 0, n_entries_ = 0;
  std::int64_t n_read_ = 0;
};

}  // namespace cellverdict
