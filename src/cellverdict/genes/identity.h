#pragma once
// Which gene each column of a matrix is, decided once for all formats: versions come off Ensembl ids, symbols become Ensembl ids
// where a table of genes is given, and columns that name the same gene are summed. Nothing is guessed: what cannot be told apart or
// found is counted and said.

#include <cellverdict/table/genes.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace cellverdict {

// Ensembl id ↔ symbol, from a table the user gives (io/gene_map.h reads it). Ids without versions.
struct GeneMap {
  std::string file;                                                  // for notes
  std::unordered_map<std::string, std::vector<std::string>> ids_of;  // symbol → its distinct ids
  std::unordered_map<std::string, std::string> symbol_of;            // id → its first symbol
  std::int64_t n_ids() const { return static_cast<std::int64_t>(symbol_of.size()); }
};

// What the ids of a list mostly are.
enum class GeneNaming { ensembl, symbols, other };
GeneNaming naming_of(const GeneList& genes);
std::string gene_naming_name(GeneNaming naming);  // "Ensembl ids", "symbols", "ids of another kind"

struct GeneIdentity {
  GeneList genes;                    // distinct ids, in the order in which the columns name them first
  std::vector<std::int32_t> target;  // [columns] gene
  GeneNaming naming = GeneNaming::other;

  std::int64_t n_versions = 0;              // ids a version was taken off
  std::int64_t n_mapped = 0;                // symbols that became Ensembl ids by the map
  std::int64_t n_named = 0;                 // ids that got their symbol from the map
  std::int64_t n_summed = 0;                // columns added to an earlier one of the same gene
  std::vector<std::string> ambiguous;       // symbols with several ids in the map: kept as they are
  std::vector<std::string> unknown;         // symbols that the map lacks: kept as they are
  std::vector<std::string> summed;          // genes with more than one column
  std::vector<std::string> shared_symbols;  // symbols of several ids: kept apart
  std::vector<std::string> notes;           // the first five in words; one sentence each

  bool sums_columns() const { return n_summed > 0; }
};

// `map` may be null. Columns without an Ensembl id that bear the same name cannot be told apart and are summed as well.
GeneIdentity resolve_genes(const GeneList& as_in_file, const GeneMap* map);

}  // namespace cellverdict
