#pragma once
// The words of a Geneformer model (Theodoris et al. 2023): which token each gene is, and the median by which its expression is
// divided before the genes of a cell are ranked. Stands between a matrix's columns and its rank tokens. Must never: give a token to
// a gene that the dictionary does not have.

#include <cellverdict/table/genes.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cellverdict {

struct TokenDictionary {
  std::string version;                                         // "V1": no <cls> and <eos>; "V2": both
  std::vector<std::string> ids;                                // [genes] Ensembl ids, by ascending token
  std::vector<std::int32_t> tokens;                            // [genes]
  std::vector<double> medians;                                 // [genes] of x / n · 10,000 where it is not zero; NaN: not known
  std::vector<std::pair<std::string, std::int32_t>> specials;  // "<pad>", "<mask>", …
  std::unordered_map<std::string, std::string> id_of_name;     // symbol → id; may be empty
  std::unordered_map<std::string, std::string> current_id;     // old id or name, in capitals → id; may be empty
  std::vector<std::string> notes;                              // what reading it dropped or assumed

  std::int64_t n_genes() const { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t vocabulary() const;  // tokens there are: the largest and one
  std::optional<std::int32_t> special(const std::string& name) const;
  std::int64_t longest() const { return version == "V2" ? 4096 : 2048; }  // tokens a cell has at most, as published
};

// The dictionary as its files have it.
struct TokenDictionaryParts {
  std::vector<std::pair<std::string, std::int64_t>> tokens;  // genes and specials (in angle brackets)
  std::vector<std::pair<std::string, double>> medians;
  std::vector<std::pair<std::string, std::string>> names, collapse;  // may be empty
};
// Throws InputError naming `where`: a gene or token given twice, negative or missing ids, a median that is not above zero, <cls>
// without <eos>. Names and old ids that lead to no gene with a token are left out, as Geneformer does.
TokenDictionary make_token_dictionary(const TokenDictionaryParts& parts, const std::string& where);

// A dictionary of one's own, for any species or panel: specials of `version` first, then the genes in the order of their ids.
// `medians` [genes], NaN where a gene was never seen: left out, with a note. Throws DataError when no gene is left.
TokenDictionary make_own_dictionary(const GeneList& genes, const std::vector<double>& medians, const std::string& version);

// Which gene of a dictionary each column of a matrix is.
struct TokenColumns {
  std::vector<std::int32_t> gene;    // [columns] place in the dictionary, -1: none
  std::int64_t n_known = 0;          // columns that have one
  std::int64_t n_genes = 0;          // genes of the dictionary that were found
  std::int64_t n_versions = 0;       // ids a version was taken off
  std::int64_t n_replaced = 0;       // old ids that became current ones
  std::int64_t n_by_name = 0;        // columns found by their symbol
  std::int64_t n_summed = 0;         // columns added to an earlier one of the same gene
  std::vector<std::string> unknown;  // the first few that are none
  std::vector<std::string> notes;    // the above in words
};
// Throws DataError when fewer than half of the columns are known and they are fewer than half of the dictionary: another species,
// or names that are no Ensembl ids.
TokenColumns match_tokens(const GeneList& columns, const TokenDictionary& dictionary, const std::string& where);

}  // namespace cellverdict
