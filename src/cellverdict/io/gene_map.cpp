#include <cellverdict/io/gene_map.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/genes/ensembl.h>
#include <cellverdict/io/text_table.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_set>

namespace cellverdict {

namespace {

constexpr std::size_t kRowsJudged = 1000;

using Rows = std::vector<std::vector<std::string>>;

const std::string& field(const std::vector<std::string>& row, std::size_t column) {
  static const std::string kNothing;
  return column < row.size() ? row[column] : kNothing;
}

// What part of the first rows' values are so; header and empty fields left out.
template <class Test>
double share(const Rows& rows, std::size_t column, Test test) {
  std::size_t n = 0, so = 0;
  for (std::size_t i = 1; i < std::min(rows.size(), kRowsJudged); ++i)
    if (const auto& value = field(rows[i], column); !value.empty()) {
      ++n;
      so += test(value);
    }
  return n == 0 ? 0 : static_cast<double>(so) / static_cast<double>(n);
}

// Not of a transcript or a protein: ENSG…, ENSMUSG….
bool is_gene_id(std::string_view name) {
  const std::size_t digit = name.find_first_of("0123456789");
  return looks_like_ensembl(name) && name[digit - 1] == 'G';
}

bool is_number(std::string_view value) {
  return value.find_first_not_of("0123456789.+-eE") == std::string_view::npos;
}

bool names_symbols(std::string header) {
  static constexpr std::array kNames = {"symbol",     "symbols",   "genesymbol",  "genesymbols",      "genename", "genenames",
                                        "hgncsymbol", "mgisymbol", "featurename", "externalgenename", "name",     "gene"};
  std::string plain;
  for (const char c : header)
    if (c != '_' && c != '.' && c != ' ' && c != '-') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return std::find(kNames.begin(), kNames.end(), plain) != kNames.end();
}

// Words that differ from row to row, as symbols do and biotypes and chromosomes do not.
bool may_be_symbols(const Rows& rows, std::size_t column) {
  if (share(rows, column, [](const auto& v) { return is_number(v) || looks_like_ensembl(v) || v.find(' ') != std::string::npos; }) >
      0.5)
    return false;
  std::unordered_set<std::string_view> seen;
  return share(rows, column, [&](const auto& v) { return seen.insert(v).second; }) > 0.5;
}

std::optional<std::size_t> id_column(const Rows& rows, std::size_t n_columns) {
  for (std::size_t c = 0; c < n_columns; ++c)
    if (share(rows, c, is_gene_id) > 0.5) return c;
  return std::nullopt;
}

std::optional<std::size_t> symbol_column(const Rows& rows, std::size_t n_columns, std::size_t ids) {
  const bool has_header = !is_gene_id(field(rows[0], ids));
  for (std::size_t c = 0; has_header && c < n_columns; ++c)
    if (c != ids && names_symbols(field(rows[0], c)) && may_be_symbols(rows, c)) return c;
  for (std::size_t c = 0; c < n_columns; ++c)
    if (c != ids && may_be_symbols(rows, c)) return c;
  return std::nullopt;
}

[[noreturn]] void refuse(const std::filesystem::path& file, const Rows& rows, const std::string& found,
                         const std::string& expected) {
  throw InputError({.where = file.string(),
                    .found = rows.empty() ? "no rows" : found + " (the first line has " + listed(rows[0], 4) + ")",
                    .expected = expected,
                    .advice = "a features.tsv of 10x or an export of BioMart with gene ids and gene names will do"});
}

}  // namespace

GeneMap read_gene_map(const std::filesystem::path& file) {
  const Rows rows = read_text_table(file).rows;
  std::size_t n_columns = 0;
  for (std::size_t i = 0; i < std::min(rows.size(), kRowsJudged); ++i) n_columns = std::max(n_columns, rows[i].size());
  const auto ids = id_column(rows, n_columns);
  if (!ids) refuse(file, rows, "no column of Ensembl gene ids", "ids such as ENSG00000141510 beside symbols such as TP53");
  const auto symbols = symbol_column(rows, n_columns, *ids);
  if (!symbols) refuse(file, rows, "no column of symbols", "symbols such as TP53 beside the Ensembl ids");
  GeneMap map{.file = file.filename().string()};
  for (const auto& row : rows) {
    const std::string id = without_version(field(row, *ids));
    const std::string& symbol = field(row, *symbols);
    if (!is_gene_id(id) || id.ends_with("_PAR_Y") || symbol.empty() || is_gene_id(symbol)) continue;
    map.symbol_of.emplace(id, symbol);
    auto& of_symbol = map.ids_of[symbol];
    if (std::find(of_symbol.begin(), of_symbol.end(), id) == of_symbol.end()) of_symbol.push_back(id);
  }
  return map;
}

}  // namespace cellverdict
