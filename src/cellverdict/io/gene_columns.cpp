#include <cellverdict/genes/recognise.h>
#include <cellverdict/io/gene_columns.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <unordered_set>

namespace cellverdict {

namespace {

// The first name that stands twice or is empty; nothing when every gene has its own.
std::optional<std::string> first_repeated(const std::vector<std::string>& names) {
  std::unordered_set<std::string_view> seen;
  for (const auto& name : names)
    if (name.empty() || !seen.insert(name).second) return name;
  return std::nullopt;
}

const NameColumn* find_ids(const std::vector<NameColumn>& columns, std::string& repeated) {
  for (const bool ensembl : {true, false})
    for (const auto& column : columns) {
      if (ensembl && !mostly_ensembl(column.texts)) continue;
      const auto twice = first_repeated(column.texts);
      if (!twice) return &column;
      if (repeated.empty()) repeated = *twice;
    }
  return nullptr;
}

const NameColumn* find_symbols(const std::vector<NameColumn>& columns, const NameColumn* ids) {
  for (const auto& column : columns)
    if (&column != ids && is_symbol_header(column.name)) return &column;
  if (ids != &columns.front() && mostly_ensembl(ids->texts)) return &columns.front();
  return nullptr;
}

}  // namespace

std::string plain_word(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_symbol_header(const std::string& name) {
  static constexpr std::array kSymbols = {"gene",        "genename",          "genenames", "genesymbol",       "genesymbols",
                                          "symbol",      "hgncsymbol",        "mgisymbol", "externalgenename", "geneshortname",
                                          "featurename", "associatedgenename"};
  return std::find(kSymbols.begin(), kSymbols.end(), plain_word(name)) != kSymbols.end();
}

ChosenGenes choose_genes(const std::vector<NameColumn>& columns) {
  ChosenGenes out;
  if (columns.empty()) return out;
  const NameColumn* ids = find_ids(columns, out.repeated);
  if (ids == nullptr) return out;
  const NameColumn* symbols = find_symbols(columns, ids);
  out.genes = GeneList{ids->texts, symbols != nullptr ? symbols->texts : ids->texts};
  out.ids_from = ids->name;
  out.symbols_from = symbols != nullptr ? symbols->name : ids->name;
  for (std::size_t i = 0; i < ids->texts.size(); ++i)
    if (out.genes->symbols[i].empty()) out.genes->symbols[i] = ids->texts[i];
  return out;
}

}  // namespace cellverdict
