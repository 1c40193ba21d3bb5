#pragma once
// Which genes the columns of a matrix are.

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// One entry a matrix column, in the matrix's order. `ids` identify (Ensembl ids where the file has them) and are unique once
// resolve_genes has seen them; what readers give may repeat. `symbols` are for people, may repeat, and equal the ids where the file
// has only one name for a gene.
struct GeneList {
  std::vector<std::string> ids;
  std::vector<std::string> symbols;

  std::int64_t size() const { return static_cast<std::int64_t>(ids.size()); }
  bool operator==(const GeneList&) const = default;
};

}  // namespace cellverdict
