#pragma once
// Annotations of cells (obs) or genes (var): named columns of text or numbers, one value a row, with missing values.

#include <cellverdict/table/names.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Text is kept as codes into levels (a column of ten million cells repeats a few dozen words), numbers as double.
struct Column {
  enum class Kind { text, number };
  Kind kind = Kind::text;
  std::vector<std::string> levels;  // text: distinct values, in order of first appearance or of the file's categories
  std::vector<std::int32_t> codes;  // text: index into levels, -1 missing
  std::vector<double> numbers;      // number: NaN missing

  std::int64_t size() const { return static_cast<std::int64_t>(kind == Kind::text ? codes.size() : numbers.size()); }
  bool missing(std::int64_t row) const;
  // As a person would read it: whole numbers without decimals, missing as "".
  std::string text(std::int64_t row) const;
};

Column make_text_column(const Names& values);  // "" is missing
Column make_constant_column(const std::string& value, std::int64_t n_rows);
Column make_number_column(std::vector<double> values);
Column as_text_column(const Column& column);  // numbers as a person would read them
Column select_rows(const Column& column, const std::vector<std::int64_t>& rows);

struct Frame {
  Names index;                     // barcodes, gene ids
  std::vector<std::string> names;  // of the columns
  std::vector<Column> columns;

  std::int64_t n_rows() const { return static_cast<std::int64_t>(index.size()); }
  const Column* find(const std::string& name) const;  // null when absent
  // Throws UsageError naming the nearest column; `where` says who asks ("[data] label").
  const Column& column(const std::string& name, const std::string& where) const;
  void set(const std::string& name, Column column);  // adds or replaces
  Frame select(const std::vector<std::int64_t>& rows) const;
};

// Puts the rows of `below` under those of `above`; a column that only one of them has is missing in the other's rows.
// A column that is a number in one and text in the other becomes text.
void append_rows(Frame& above, const Frame& below);

// Sorted as a person would: as numbers when all are numbers ("0", "2", "16"), else by character.
void sort_labels(std::vector<std::string>& labels);
std::optional<double> parse_number(const std::string& text);

}  // namespace cellverdict
