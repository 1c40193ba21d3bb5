#include <cellverdict/io/tenx_tables.h>

#include <cellverdict/base/error.h>
#include <cellverdict/io/text_lines.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>

namespace cellverdict {

namespace {

// One line of a table.
struct Row {
  std::array<std::string_view, 4> fields;  // empty where the line has fewer
  int n_fields = 0;                        // of the line, at most five
  bool quoted = false;
};

Row split(std::string_view line) {
  Row row;
  for (bool more = true; more && row.n_fields < 5; ++row.n_fields) {
    const std::size_t tab = line.find('\t');
    std::string_view field = line.substr(0, tab);
    more = tab != std::string_view::npos;
    if (more) line.remove_prefix(tab + 1);
    if (row.n_fields == 4) continue;
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = field.substr(1, field.size() - 2);
      row.quoted = true;
    }
    row.fields[row.n_fields] = field;
  }
  return row;
}

// Names that programs give to these columns; "x", "V1" and "0" are R's and pandas' names for a column without one.
bool names_a_column(std::string_view field) {
  static constexpr std::array kNames = {"",
                                        "0",
                                        "1",
                                        "2",
                                        "x",
                                        "v1",
                                        "v2",
                                        "v3",
                                        "barcode",
                                        "barcodes",
                                        "cell",
                                        "cells",
                                        "cellid",
                                        "cellids",
                                        "cellname",
                                        "cellbarcode",
                                        "cellbarcodes",
                                        "index",
                                        "id",
                                        "ids",
                                        "name",
                                        "names",
                                        "gene",
                                        "genes",
                                        "geneid",
                                        "geneids",
                                        "genename",
                                        "genenames",
                                        "genesymbol",
                                        "genesymbols",
                                        "symbol",
                                        "symbols",
                                        "ensembl",
                                        "ensemblid",
                                        "ensemblids",
                                        "ensemblgeneid",
                                        "feature",
                                        "features",
                                        "featureid",
                                        "featurename",
                                        "featuretype",
                                        "type",
                                        "rownames"};
  std::string plain;
  for (const char c : field)
    if (c != '_' && c != '.' && c != ' ' && c != '-') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return std::find(kNames.begin(), kNames.end(), plain) != kNames.end();
}

bool names_columns(const Row& row) {
  return std::all_of(row.fields.begin(), row.fields.end(), names_a_column) &&
         std::any_of(row.fields.begin(), row.fields.end(), [](auto field) { return !field.empty(); });
}

std::optional<std::int64_t> as_number(std::string_view field) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (failure != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return number;
}

// What a pass over a table looks for and, afterwards, found: each is a guess from the first lines that later ones may belie.
struct Extras {
  bool header = true, numbered = true;  // a line of names above; row numbers before the first column
  bool quoted = false;
  bool belied = false;  // the rows were not numbered after all: what was given is of no use
  std::int64_t n_lines = 0;
};

using TakeRow = std::function<void(const Row&, std::int64_t line)>;

// Takes row numbers off; false when the row has not the number it should have.
bool take_number(Row& row, std::int64_t expected) {
  if (row.n_fields < 2 || as_number(row.fields[0]) != expected) return false;
  std::rotate(row.fields.begin(), row.fields.begin() + 1, row.fields.end());
  row.fields.back() = {};
  --row.n_fields;
  return true;
}

// One pass over the table; gives at most `most` rows, without header and row numbers.
Extras read_rows(TextLines& lines, const Extras& look, std::int64_t most, const TakeRow& take) {
  Extras seen{.header = false, .numbered = false};
  std::int64_t first_number = 0, blank = 0;
  for (std::string_view line; lines.next(line);) {
    if (line.empty() && blank == 0) blank = lines.number();
    if (line.empty()) continue;
    if (blank != 0)
      throw InputError({.where = lines.path().string() + " line " + std::to_string(blank),
                        .found = "an empty line",
                        .expected = "one only at the end"});
    if (seen.n_lines >= most) {
      ++seen.n_lines;
      continue;
    }
    if (const auto place = first_foreign_byte(line)) lines.refuse(foreign_text(line, *place), "UTF-8", "save the file as UTF-8");
    Row row = split(line);
    seen.quoted |= row.quoted;
    if (lines.number() == 1 && look.header && names_columns(row)) {
      seen.header = true;
      continue;
    }
    if (seen.n_lines == 0 && look.numbered && row.n_fields > 1 && !row.fields[1].empty()) {
      first_number = as_number(row.fields[0]).value_or(-1);
      seen.numbered = first_number == 0 || first_number == 1;
    }
    if (seen.numbered && !take_number(row, first_number + seen.n_lines)) {
      seen.belied = true;
      return seen;
    }
    ++seen.n_lines;
    take(row, lines.number());
  }
  return seen;
}

// Reads the table with `start` a fresh result, again where a guess was wrong.
Extras read_table(TextLines& lines, const TenxLines& fitting, const std::function<void()>& start, const TakeRow& take) {
  const std::int64_t most = std::max(fitting.expected, fitting.transposed) + 1;
  for (Extras look;; lines.rewind()) {
    start();
    const Extras seen = read_rows(lines, look, most, take);
    const bool fits = seen.n_lines == fitting.expected || seen.n_lines == fitting.transposed;
    if (seen.belied) {
      look.numbered = false;
    } else if (seen.header && (!fits || seen.n_lines + 1 == fitting.expected)) {
      look.header = false;
    } else {
      return seen;
    }
  }
}

void say_extras(const Extras& seen, const std::string& file, std::vector<std::string>& notes) {
  if (seen.header) notes.push_back("the first line of " + file + " is taken for a header");
  if (seen.numbered) notes.push_back("the first column of " + file + " numbers its lines and is not read");
  if (seen.quoted) notes.push_back("quotes around values of " + file + " are taken off");
}

[[noreturn]] void refuse_repeated(const std::filesystem::path& file, const std::string& what, std::int64_t first,
                                  std::int64_t second, const std::string& expected) {
  throw InputError({.where = file.string() + " line " + std::to_string(second),
                    .found = what + " again, first in line " + std::to_string(first),
                    .expected = expected});
}

}  // namespace

TenxBarcodes read_tenx_barcodes(const InputBytes& input, const TenxLines& fitting) {
  TextLines lines(input);
  TenxBarcodes out;
  bool more_columns = false;
  const auto start = [&] {
    out = {};
    more_columns = false;
  };
  const Extras seen = read_table(lines, fitting, start, [&](const Row& row, std::int64_t line) {
    if (row.fields[0].empty()) lines.refuse("a line without a barcode", "a barcode");
    if (out.barcodes.empty()) out.first_line = line;
    more_columns |= row.n_fields > 1;
    out.barcodes.push_back(row.fields[0]);
  });
  out.n_lines = seen.n_lines;
  const std::string file = input.shown.filename().string();
  say_extras(seen, file, out.notes);
  if (more_columns)
    out.notes.push_back("only the first column of " + file + (seen.numbered ? " after the numbers" : "") + " is read");
  return out;
}

TenxFeatures read_tenx_features(const InputBytes& input, const TenxLines& fitting) {
  TextLines lines(input);
  TenxFeatures out;
  const Extras seen = read_table(
      lines, fitting, [&] { out = {}; },
      [&](const Row& row, std::int64_t) {
        const auto& [id, symbol, type, rest] = row.fields;
        if (id.empty()) lines.refuse("a line without a gene id", "id, symbol and type separated by tabs");
        out.version_3 |= !type.empty();
        if (!type.empty() && type != "Gene Expression") {
          ++out.dropped[std::string(type)];
          out.gene_of_row.push_back(-1);
          return;
        }
        out.gene_of_row.push_back(static_cast<std::int32_t>(out.genes.ids.size()));
        out.genes.ids.emplace_back(id);
        out.genes.symbols.emplace_back(symbol.empty() ? id : symbol);
      });
  out.n_lines = seen.n_lines;
  say_extras(seen, input.shown.filename().string(), out.notes);
  return out;
}

void refuse_repeated_barcodes(const std::filesystem::path& file, const TenxBarcodes& barcodes) {
  const RepeatedNames repeated = find_repeated(barcodes.barcodes);
  if (repeated.n_repeated > 0)
    refuse_repeated(file, "barcode " + barcodes.barcodes.text(repeated.second), barcodes.first_line + repeated.first,
                    barcodes.first_line + repeated.second, "distinct barcodes");
}

}  // namespace cellverdict
