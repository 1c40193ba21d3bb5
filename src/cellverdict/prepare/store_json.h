#pragma once
// The store's index and statistics as files; inside preparation only.

#include <cellverdict/prepare/store.h>
#include <cellverdict/table/gene_sums.h>

namespace cellverdict {

std::string store_index_to_json(const StoreIndex& index);
StoreIndex store_index_from_json(const std::string& text, const std::string& where);

struct UnitSumTables {
  std::vector<std::string> units;
  std::vector<std::int64_t> n_cells;                     // [units]
  std::span<const double> sum, sum_squares, n_positive;  // [units, genes]
};
void write_unit_sums(const std::filesystem::path& path, const UnitSumTables& sums, const GeneList& genes);
UnitGeneSums read_unit_sums(const std::filesystem::path& path, const std::string& normalisation);

}  // namespace cellverdict
