#pragma once
// Reads SOFT files of GEO: families of a series (^SERIES, ^PLATFORM, ^SAMPLE, each with fields and a table), data sets (GDS) and
// single samples (GSM). Plain or gzip, LF or CRLF. An entity is held at a time; tables stay text until a column is asked for.
// Source: NCBI GEO, "SOFT submission instructions".
// Must never: take a cut file for a whole one; guess the type of a field.

#include <cellverdict/io/geo_series.h>
#include <cellverdict/io/text_lines.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cellverdict {

// The table of an entity, as it lies in the file.
struct SoftTable {
  std::vector<std::string> columns;
  std::string text;                        // the lines below the header, each with its end
  std::vector<std::int64_t> starts = {0};  // [rows + 1] of the lines in `text`
  std::int64_t first_line = 0;             // number in the file of row 0

  std::int64_t n_rows() const { return std::ssize(starts) - 1; }
  std::string_view row(std::int64_t i) const;  // without its line end
  // Where the column stands; nothing when there is none. Letters of either size are alike.
  std::optional<std::size_t> find(std::string_view column) const;
  // A column as texts, or some as numbers (NaN missing), in one pass; "" and NaN where a line is too short. `file` for errors:
  // throws InputError for what is no number.
  Names texts(std::size_t column) const;
  std::vector<std::vector<float>> numbers(const std::vector<std::size_t>& ascending, const std::string& file) const;
};

struct SoftEntity {
  std::string kind, name;                                    // "SAMPLE", "GSM11805"
  std::vector<std::pair<std::string, std::string>> fields;   // "Sample_title", its value; repeated ones as often
  std::vector<std::pair<std::string, std::string>> columns;  // "#VALUE = MAS 5.0": what the columns of the table are
  bool has_table = false;
  SoftTable table;

  std::string field(std::string_view name) const;  // the first of that name; ""
};

class SoftReader {
 public:
  explicit SoftReader(const std::filesystem::path& path);
  // False at the end. Throws InputError naming the line: a truncated gzip, a table that is cut or ragged, no SOFT. `with_text`
  // false: the lines of tables are counted, not kept.
  bool next(SoftEntity& entity, bool with_text = true);

 private:
  void read_table(SoftEntity& entity, bool with_text);

  TextLines lines_;
  std::string pending_;  // the line that begins the next entity
  bool ended_ = false;
};

// The values of all samples of one platform; of a data set, its columns. Samples without a table, or of other platforms than
// `platform` (empty: there is one alone), are left out and said. Throws InputError where several platforms are there and none was
// chosen, and for a family without values.
GeoSeries read_geo_soft(const std::filesystem::path& path, const std::string& platform = {});
GeoOutline read_geo_soft_outline(const std::filesystem::path& path);

}  // namespace cellverdict
