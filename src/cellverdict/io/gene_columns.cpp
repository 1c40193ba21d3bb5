#include <cellverdict/genes/recognise.h>
#include <cellverdict/io/gene_columns.h>
#include <cellverdict/table/names.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace cellverdict {

namespace {

bool names_all(const NameColumn& column) {
  return std::find(column.texts.begin(), column.texts.end(), "") == column.texts.end();
}

bool names_differ(const NameColumn& column) {
  return find_repeated(column.texts).n_repeated == 0;
}

// A column that tells all genes apart before one that does not.
const NameColumn* find_ids(const std::vector<NameColumn>& columns) {
  for (const bool ensembl : {true, false})
    for (const bool distinct : {true, false})
      for (const auto& column : columns)
        if ((!ensembl || mostly_ensembl(column.texts)) && names_all(column) && (!distinct || names_differ(column))) return &column;
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
  const NameColumn* ids = find_ids(columns);
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
