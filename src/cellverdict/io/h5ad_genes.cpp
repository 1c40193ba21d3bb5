// Which genes the columns of an .h5ad matrix are, from its var.

#include <cellverdict/base/error.h>
#include <cellverdict/io/h5ad_frame.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>

namespace cellverdict {

namespace {

constexpr std::array kIdColumns = {"gene_ids", "gene_id", "ensembl_id", "feature_id"};
constexpr std::array kSymbolColumns = {"feature_name", "gene_symbols", "gene_symbol", "gene_name", "symbol"};

bool looks_like_ensembl(const std::string& id) {
  if (!id.starts_with("ENS")) return false;
  const std::string digits = id.substr(0, id.find('.'));
  return digits.size() > 9 && std::all_of(digits.end() - 6, digits.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// A few control sequences or transgenes among the ids do not make it something else.
bool mostly_ensembl(const std::vector<std::string>& ids) {
  return 2 * std::count_if(ids.begin(), ids.end(), looks_like_ensembl) > static_cast<std::ptrdiff_t>(ids.size());
}

std::optional<std::string> first_repeated(const std::vector<std::string>& ids) {
  std::unordered_map<std::string_view, int> seen;
  for (const auto& id : ids)
    if (++seen[id] == 2) return id;
  return std::nullopt;
}

// The first of these columns that var has as text; nothing when it has none.
template <std::size_t N>
std::optional<std::pair<std::string, std::vector<std::string>>> text_column(const Hdf5Object& var, const Frame& head,
                                                                            const std::array<const char*, N>& names) {
  for (const char* name : names) {
    if (std::find(head.names.begin(), head.names.end(), name) == head.names.end()) continue;
    const auto column = read_h5ad_column(var.open(name), head.n_rows());
    if (!column || column->kind != Column::Kind::text) continue;
    std::vector<std::string> texts;
    for (std::int64_t i = 0; i < column->size(); ++i) texts.push_back(column->text(i));
    return std::pair(std::string(name), std::move(texts));
  }
  return std::nullopt;
}

}  // namespace

GeneList read_h5ad_genes(const Hdf5Object& var, std::vector<std::string>& notes) {
  const Frame head = read_h5ad_index(var);
  GeneList genes{head.index.texts(), {}};
  if (!mostly_ensembl(genes.ids)) {
    if (auto column = text_column(var, head, kIdColumns); column && mostly_ensembl(column->second)) {
      const auto repeated = first_repeated(column->second);
      if (!repeated) {
        genes.ids = std::move(column->second);
        genes.symbols = head.index.texts();
        notes.push_back("gene ids are those of var/" + column->first);
      } else {
        notes.push_back("var/" + column->first + " has '" + *repeated + "' twice, so genes go by the index of var");
      }
    }
  }
  if (auto column = text_column(var, head, kSymbolColumns)) {
    if (genes.symbols.empty()) genes.symbols = genes.ids;
    for (std::size_t i = 0; i < genes.symbols.size(); ++i)
      if (!column->second[i].empty()) genes.symbols[i] = column->second[i];
  }
  if (genes.symbols.empty()) genes.symbols = genes.ids;
  if (const auto repeated = first_repeated(genes.ids))
    var.refuse("gene '" + *repeated + "' twice", "distinct gene ids",
               "make them distinct in scanpy with adata.var_names_make_unique(), or add a column gene_ids with Ensembl ids");
  if (std::find(genes.ids.begin(), genes.ids.end(), "") != genes.ids.end())
    var.refuse("a gene without a name", "a name for every gene");
  return genes;
}

}  // namespace cellverdict
