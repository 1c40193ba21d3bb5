#include <cellverdict/io/market_matrix.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view take_word(std::string_view& line) {
  std::size_t begin = 0;
  while (begin < line.size() && is_blank(line[begin])) ++begin;
  std::size_t end = begin;
  while (end < line.size() && !is_blank(line[end])) ++end;
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// For messages: damaged files may hold anything.
std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 40)) out += c >= ' ' && c != '\x7f' ? c : '?';
  return out + (text.size() > 40 ? "…'" : "'");
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool is_count(double number) {
  return number >= 0 && number <= static_cast<double>(std::numeric_limits<float>::max());  // false for NaN
}

// Up to nine digits; a line's end stops it.
bool take_digits(const char*& place, std::uint32_t& number) {
  const char* const begin = place;
  std::uint32_t sum = 0;
  for (unsigned digit = 0; (digit = static_cast<unsigned char>(*place) - unsigned{'0'}) <= 9; ++place) sum = sum * 10 + digit;
  number = sum;
  const auto n = place - begin;
  return n > 0 && n <= 9;
}

}  // namespace

MarketMatrix::MarketMatrix(InputBytes input) : lines_(std::move(input)) {
  read_header();
}

void MarketMatrix::rewind() {
  lines_.rewind();
  read_header();
}

void MarketMatrix::read_banner() {
  std::string_view line;
  if (!lines_.next(line)) lines_.refuse("an empty file", "a Matrix Market file");
  std::string_view rest = line;
  const std::string banner = lower(take_word(rest)), object = lower(take_word(rest)), format = lower(take_word(rest)),
                    field = lower(take_word(rest)), symmetry = lower(take_word(rest));
  const std::string expected = "%%MatrixMarket matrix coordinate integer general";
  if (banner != "%%matrixmarket" || object != "matrix") lines_.refuse(shown(line), expected);
  if (format != "coordinate") lines_.refuse("format " + shown(format), "coordinate", "write the matrix as sparse");
  if (field == "pattern") lines_.refuse("a pattern without values", "integer or real values");
  if (field != "integer" && field != "real") lines_.refuse("values of type " + shown(field), "integer or real");
  if (symmetry != "general") lines_.refuse("symmetry " + shown(symmetry), "general");
  whole_values_ = field == "integer";
}

void MarketMatrix::read_header() {
  read_banner();
  std::string_view line;
  bool found = false;
  by_cell_ranger_ = false;
  while (!found && lines_.next(line)) {
    found = !line.empty() && line.front() != '%';
    by_cell_ranger_ |= line.starts_with("%metadata_json:");
  }
  if (!found) lines_.refuse("no size line", "genes, cells and entries after the comments", "the file is truncated");
  n_rows_ = whole(line, "the number of genes");
  n_columns_ = whole(line, "the number of cells");
  n_entries_ = whole(line, "the number of entries");
  if (!take_word(line).empty()) lines_.refuse("more than three sizes", "genes, cells and entries");
  if (n_rows_ < 1 || n_columns_ < 1)
    lines_.refuse(std::to_string(n_rows_) + " genes × " + std::to_string(n_columns_) + " cells", "at least one of each");
  if (n_rows_ > std::numeric_limits<std::int32_t>::max() || n_columns_ > std::numeric_limits<std::int32_t>::max())
    lines_.refuse(with_commas(n_rows_) + " × " + with_commas(n_columns_), "at most 2,147,483,647 of each");
  if (n_entries_ > n_rows_ * n_columns_) lines_.refuse(with_commas(n_entries_) + " entries", "no more than genes × cells");
  n_read_ = 0;
}

std::int64_t MarketMatrix::whole(std::string_view& line, const char* what) const {
  const std::string_view word = take_word(line);
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (failure != std::errc() || end != word.data() + word.size() || number < 0)
    lines_.refuse(word.empty() ? "nothing" : shown(word), std::string(what) + ", a whole number",
                  word.empty() ? "the line ends early: the file may be truncated" : "");
  return number;
}

float MarketMatrix::value(std::string_view text) const {
  std::uint32_t count = 0;
  const char *begin = text.data(), *end = begin + text.size();
  if (const auto [stop, failure] = std::from_chars(begin, end, count); failure == std::errc() && stop == end && begin != end)
    return static_cast<float>(count);
  double number = 0;
  const auto [stop, failure] = std::from_chars(begin, end, number);
  if (failure != std::errc() || stop != end || begin == end)
    lines_.refuse(text.empty() ? "no value" : shown(text), "a number",
                  text.empty() ? "the line ends early: the file may be truncated" : "");
  if (!is_count(number)) lines_.refuse(shown(text), "a finite count of zero or more");
  if (whole_values_ && number != std::floor(number)) lines_.refuse(shown(text), "a whole number, as the first line says 'integer'");
  return static_cast<float>(number);
}

bool MarketMatrix::read_careful(MarketEntry& entry) {
  std::string_view line;
  if (!lines_.next(line)) {
    check_end();
    return false;
  }
  if (line.find_first_not_of(" \t") == std::string_view::npos) {  // only allowed as the end of the file
    while (lines_.next(line))
      if (line.find_first_not_of(" \t") != std::string_view::npos) lines_.refuse("an entry after a blank line", "no blank lines");
    check_end();
    return false;
  }
  const std::int64_t row = whole(line, "the row of a gene"), column = whole(line, "the column of a cell");
  const float count = value(take_word(line));
  if (!take_word(line).empty()) lines_.refuse("more than three fields", "gene, cell and count");
  if (row < 1 || row > n_rows_) lines_.refuse("gene " + std::to_string(row), "1 to " + std::to_string(n_rows_));
  if (column < 1 || column > n_columns_) lines_.refuse("cell " + std::to_string(column), "1 to " + std::to_string(n_columns_));
  if (++n_read_ > n_entries_)
    lines_.refuse("more entries", with_commas(n_entries_) + ", as the size line says", "the file is damaged");
  entry = {static_cast<std::int32_t>(row - 1), static_cast<std::int32_t>(column - 1), count};
  return true;
}

// A count, or a fraction where the first line allows it.
bool MarketMatrix::usual_value(const char*& place, const char* end, float& out) const {
  const char* const begin = place;
  std::uint32_t count = 0;
  if (take_digits(place, count) && (*place == '\n' || *place == '\r')) {
    out = static_cast<float>(count);
    return true;
  }
  double number = 0;
  const auto [stop, failure] = std::from_chars(begin, end, number);
  if (whole_values_ || failure != std::errc() || !is_count(number)) return false;
  out = static_cast<float>(number);
  place = stop;
  return true;
}

// The lines at hand that are three plain numbers in range; stops before the first that is anything else.
std::size_t MarketMatrix::read_usual(std::span<MarketEntry> entries) {
  const std::string_view text = lines_.lines_at_hand();
  const std::size_t most = std::min(entries.size(), static_cast<std::size_t>(n_entries_ - n_read_));
  const char *begin = text.data(), *end = begin + text.size();
  const auto n_rows = static_cast<std::uint32_t>(n_rows_), n_columns = static_cast<std::uint32_t>(n_columns_);
  std::size_t n = 0;
  for (const char* place = begin; n < most && place != end; ++n) {
    std::uint32_t row = 0, column = 0;
    if (!take_digits(place, row) || !is_blank(*place++) || !take_digits(place, column) || !is_blank(*place++)) break;
    if (row - 1 >= n_rows || column - 1 >= n_columns || !usual_value(place, end, entries[n].value)) break;
    place += *place == '\r' ? 1 : 0;
    if (*place++ != '\n') break;
    entries[n].row = static_cast<std::int32_t>(row - 1);
    entries[n].column = static_cast<std::int32_t>(column - 1);
    begin = place;
  }
  lines_.skip(static_cast<std::size_t>(begin - text.data()), static_cast<std::int64_t>(n));
  n_read_ += static_cast<std::int64_t>(n);
  return n;
}

std::size_t MarketMatrix::read(std::span<MarketEntry> entries) {
  std::size_t n = 0;
  while (n < entries.size()) {
    const std::size_t usual = read_usual(entries.subspan(n));
    n += usual;
    if (n == entries.size()) break;
    if (!read_careful(entries[n])) break;
    ++n;
  }
  return n;
}

void MarketMatrix::check_end() {
  if (n_read_ == n_entries_) return;
  lines_.refuse("the end of the file after " + counted(n_read_, "entry"), with_commas(n_entries_) + ", as the size line says",
                "the file is truncated");
}

std::vector<std::int64_t> MarketMatrix::lines_of(std::int32_t row, std::int32_t column) {
  rewind();
  std::vector<std::int64_t> out;
  for (MarketEntry entry; read_careful(entry);)
    if (entry.row == row && entry.column == column) out.push_back(lines_.number());
  return out;
}

}  // namespace cellverdict
