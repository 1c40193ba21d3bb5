// Which genes the columns of an .h5ad matrix are, from its var.

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/ensembl.h>
#include <cellverdict/io/h5ad_frame.h>

#include <algorithm>
#include <array>

namespace cellverdict {

namespace {

constexpr std::array kIdColumns = {"gene_ids", "gene_id", "ensembl_id", "feature_id"};
constexpr std::array kSymbolColumns = {"feature_name", "gene_symbols", "gene_symbol", "gene_name", "symbol"};

// The first of these columns that var has as text; nothing when it has none.
template <std::size_t N>
std::optional<std::pair<std::string, std::vector<std::string>>> text_column(const Hdf5Object& var, const Frame& head,
                                                                            const std::array<const char*, N>& names) {
  for (const char* name : names) {
    if (std::find(head.names.begin(), head.names.end(), name) == head.names.end()) continue;
    const auto column = read_h5ad_column(var, name, head.n_rows());
    if (!column || column->kind != Column::Kind::text) continue;
    std::vector<std::string> texts;
    for (std::int64_t i = 0; i < column->size(); ++i) texts.push_back(column->text(i));
    return std::pair(std::string(name), std::move(texts));
  }
  return std::nullopt;
}

// 0, 1, 2, … or 1, 2, 3, …; numbers that are ids (of Entrez) do not follow one another.
bool are_row_numbers(const std::vector<std::string>& ids) {
  if (ids.empty() || (ids[0] != "0" && ids[0] != "1")) return false;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != std::to_string(i + (ids[0] == "1" ? 1 : 0))) return false;
  return true;
}

// Genes of an index that only counts them, or of none, go by the first column that names them all: the number 7 is
// another gene in every file.
void name_by_columns(const Hdf5Object& var, const Frame& head, std::vector<std::string>& ids, std::vector<std::string>& notes) {
  for (const auto& column : {text_column(var, head, kIdColumns), text_column(var, head, kSymbolColumns)}) {
    if (!column || std::find(column->second.begin(), column->second.end(), "") != column->second.end()) continue;
    ids = column->second;
    notes.push_back("genes are named by " + var.inner() + "/" + column->first +
                    (has_h5ad_index(var) ? ", for the index of " + var.inner() + " only numbers them"
                                         : ", for " + var.inner() + " has no index"));
    return;
  }
  if (!has_h5ad_index(var))
    var.refuse("no names of genes", "an index, or a column such as gene_ids or gene_name that names every gene");
  notes.push_back("genes have numbers in place of names");
}

}  // namespace

GeneList read_h5ad_genes(const Hdf5Object& var, std::vector<std::string>& notes) {
  const Frame head = read_h5ad_index(var);
  GeneList genes{head.index.texts(), {}};
  if (are_row_numbers(genes.ids)) name_by_columns(var, head, genes.ids, notes);
  if (!mostly_ensembl(genes.ids)) {
    if (auto column = text_column(var, head, kIdColumns); column && mostly_ensembl(column->second)) {
      genes.symbols = std::move(genes.ids);
      genes.ids = std::move(column->second);
      // "", "nan" and whatever else stands there for genes without an id would make one gene of them all.
      std::int64_t n_without = 0;
      for (std::size_t i = 0; i < genes.ids.size(); ++i) {
        if (looks_like_ensembl(genes.ids[i])) continue;
        n_without += genes.ids[i] != genes.symbols[i];
        genes.ids[i] = genes.symbols[i];
      }
      notes.push_back("gene ids are those of " + var.inner() + "/" + column->first +
                      (n_without == 0
                           ? ""
                           : "; " + counted(n_without, "gene") + " without an Ensembl id there go by the index of " + var.inner()));
    }
  }
  if (auto column = text_column(var, head, kSymbolColumns)) {
    if (genes.symbols.empty()) genes.symbols = genes.ids;
    for (std::size_t i = 0; i < genes.symbols.size(); ++i)
      if (!column->second[i].empty()) genes.symbols[i] = column->second[i];
  }
  if (genes.symbols.empty()) genes.symbols = genes.ids;
  if (std::find(genes.ids.begin(), genes.ids.end(), "") != genes.ids.end())
    var.refuse("a gene without a name", "a name for every gene");
  return genes;
}

}  // namespace cellverdict
