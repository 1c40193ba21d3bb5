// The parse: every line of the table once, into names, annotations and sparse entries.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/recognise.h>
#include <cellverdict/io/delimited.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <limits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

class TableParser {
 public:
  TableParser(const fs::path& path, std::int64_t memory_bytes)
      : lines_(path, std::max(memory_bytes, TextLines::kLongestLine)), table_{.entries = EntrySpill(memory_bytes / 4)} {
    table_.layout = read_layout(lines_);
    table_.gzipped = lines_.gzipped();
    const auto& layout = table_.layout;
    for (std::size_t i = 0; i < layout.roles.size(); ++i) {
      if (layout.roles[i] == FieldRole::value) table_.column_names.push_back(layout.headers[i]);
      if (layout.roles[i] == FieldRole::annotation) table_.annotation_names.push_back(layout.headers[i]);
    }
    if (table_.column_names.size() > std::numeric_limits<std::int32_t>::max()) lines_.refuse("too many columns");
    table_.annotations.resize(table_.annotation_names.size());
  }

  DelimitedTable parse() {
    std::string_view line;
    while (lines_.number() < table_.layout.header_line && lines_.next(line)) {
    }
    std::int64_t blank = 0;  // number of the first of the blank lines met last
    while (lines_.next(line)) {
      if (line.empty()) {
        if (blank == 0) blank = lines_.number();
        continue;
      }
      if (blank > 0) lines_.refuse("a line after the blank one " + std::to_string(blank), "blank lines at the end alone");
      parse_line(line);
    }
    if (table_.row_names.empty()) lines_.refuse("a header and no lines below", "a line of numbers for each gene or cell");
    return std::move(table_);
  }

 private:
  void parse_line(std::string_view line) {
    const auto& roles = table_.layout.roles;
    LineFields fields(line, table_.layout.separator);
    std::size_t n = 0, annotation = 0;
    std::int32_t column = 0;
    row_.clear();
    for (std::string_view field; fields.next(field); ++n) {
      if (n >= roles.size()) continue;  // counted, and refused below
      switch (roles[n]) {
        case FieldRole::value: {
          const auto value = value_of_field(field);
          if (!value) refuse_value(n, field);
          if (*value != 0) row_.push_back({column, *value});
          ++column;
          break;
        }
        case FieldRole::names:
          table_.row_names.push_back(text_of(field));
          if (field.empty()) lines_.refuse("a line without a name", "the name of its gene or cell first");
          break;
        case FieldRole::annotation:
          table_.annotations[annotation++].push_back(text_of(field));
          break;
        case FieldRole::blank:
          if (!field.empty())
            lines_.refuse("'" + std::string(field.substr(0, 40)) + "' in a column without a header", "nothing there");
      }
    }
    if (fields.damaged())
      lines_.refuse("a quote that is not closed, or text after one", "quotes around whole fields, within one line");
    if (n != roles.size())
      lines_.refuse(counted(static_cast<std::int64_t>(n), "field"), std::to_string(roles.size()) + ", as in the line before",
                    "the file may be truncated");
    table_.entries.append(row_);
    table_.starts.push_back(table_.entries.size());
  }

  std::string text_of(std::string_view field) const {
    if (const auto place = first_foreign_byte(field))
      lines_.refuse(foreign_text(field, *place), "UTF-8", "save the table as CSV UTF-8");
    return std::string(field);
  }

  [[noreturn]] void refuse_value(std::size_t place, std::string_view field) const {
    const std::string& header = table_.layout.headers[place];
    const std::string found = field.empty() ? "an empty field" : "'" + std::string(field.substr(0, 40)) + "'";
    lines_.refuse(
        found + " in column " + std::to_string(place + 1) + (header.empty() ? "" : " ('" + header + "')"), "a number",
        is_missing_field(field) ? "a matrix has no missing values: write 0 where nothing was measured, or leave the line out" : "");
  }

  TextLines lines_;
  DelimitedTable table_;
  std::vector<SpilledEntry> row_;
};

// Shares of names that look like genes or barcodes.
struct Looks {
  double ensembl = 0, barcodes = 0;
  std::int64_t genes = 0;
};

Looks look_at(const Names& names) {
  Looks out;
  for (const auto name : names) {
    out.ensembl += looks_like_ensembl(name);
    out.barcodes += looks_like_barcode(name);
    out.genes += looks_like_gene(name);
  }
  out.ensembl /= static_cast<double>(names.size());
  out.barcodes /= static_cast<double>(names.size());
  return out;
}

bool has_word(const std::vector<std::string>& header, std::initializer_list<std::string_view> words) {
  return std::any_of(header.begin(), header.end(),
                     [&](const auto& x) { return std::find(words.begin(), words.end(), x) != words.end(); });
}

}  // namespace

DelimitedTable read_delimited(const fs::path& path, std::int64_t memory_bytes) {
  return TableParser(path, memory_bytes).parse();
}

TableSides tell_sides(const DelimitedTable& table) {
  const Looks rows = look_at(table.row_names), columns = look_at(table.column_names);
  const double by_ensembl = rows.ensembl - columns.ensembl, by_barcode = columns.barcodes - rows.barcodes;
  if (std::abs(by_ensembl) > 0.3) return {by_ensembl > 0, ""};
  // An annotation of every line with an Ensembl id says it as well.
  for (const auto& annotation : table.annotations)
    if (mostly_ensembl(annotation.texts())) return {true, ""};
  if (std::abs(by_barcode) > 0.3) return {by_barcode > 0, ""};
  if (rows.genes != columns.genes && std::min(rows.genes, columns.genes) * 4 <= std::max(rows.genes, columns.genes))
    return {rows.genes > columns.genes, ""};
  const bool more_rows = table.row_names.size() > table.column_names.size();
  return {more_rows, std::string("no name tells genes from cells, so the ") + (more_rows ? "lines" : "columns") +
                         ", which are more, are taken for the genes"};
}

TableKind kind_of_table(const fs::path& path) {
  try {
    std::string_view first;
    TextLines lines(path, std::int64_t{256} << 20);
    std::vector<std::string> header;
    if (!lines.next(first)) return TableKind::neither;
    if (first.starts_with("\xef\xbb\xbf")) first.remove_prefix(3);
    LineFields fields(first, first.find('\t') != std::string_view::npos ? '\t' : ',');
    for (std::string_view field; fields.next(field);) header.emplace_back(field);
    if (has_word(header, {"path", "prefix"})) return TableKind::sheet;
    const DelimitedLayout layout = read_layout(lines);
    // A small table of numbers about people is no matrix: "library,age,day".
    const bool about_samples = has_word(layout.headers, {"library", "donor", "sample", "sample_id", "donor_id", "disease", "age",
                                                         "sex", "condition", "batch", "day"});
    const auto n_values = std::count(layout.roles.begin(), layout.roles.end(), FieldRole::value);
    return about_samples && n_values < 10 ? TableKind::neither : TableKind::matrix;
  } catch (const Error&) {
    return TableKind::neither;
  }
}

}  // namespace cellverdict
