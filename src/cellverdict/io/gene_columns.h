#pragma once
// Which of several columns of names identify genes, for formats that may hold many: loom row attributes, the leading columns of a
// table.

#include <cellverdict/table/genes.h>

#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct NameColumn {
  std::string name;  // may be empty
  std::vector<std::string> texts;
};

struct ChosenGenes {
  std::optional<GeneList> genes;       // ids may repeat; nothing when no column names every gene
  std::string ids_from, symbols_from;  // names of the columns
};

// Ids: the first column that is mostly Ensembl ids, else the first; of either kind the first whose names are distinct, and where
// none are, one that names the same gene more than once (resolve_genes sums its columns). Symbols: a column called gene_name,
// symbol and the like, else the first other one when the ids are Ensembl's. `columns` in order of preference.
ChosenGenes choose_genes(const std::vector<NameColumn>& columns);

// "Gene ID" → "geneid": as headers are compared.
std::string plain_word(const std::string& text);
// Whether a column so called names genes for people.
bool is_symbol_header(const std::string& name);

}  // namespace cellverdict
