#pragma once
// Bringing matrices with different gene lists into one gene space, by gene id (or by symbol where ids tell nothing).

#include <cellverdict/table/genes.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct GeneMatch {
  std::vector<std::int32_t> target;  // [genes of `from`] index in `to`, -1: not there
  std::int64_t n_matched = 0;        // genes of `to` that were found
  std::string by;                    // "id", "symbol"
};

// Matches by id; when fewer than a tenth of `to` is found so, tries from's symbols against to's symbols (unique ones on both
// sides).
GeneMatch match_genes(const GeneList& from, const GeneList& to);
// By id alone.
GeneMatch match_ids(const GeneList& from, const GeneList& to);

// The genes that all lists share (by id), in the first list's order and with its symbols.
GeneList shared_genes(std::span<const GeneList> lists);

// The genes that any list has (by id), in the order in which they are met with and with the symbols they have there.
GeneList all_genes(std::span<const GeneList> lists);

}  // namespace cellverdict
