#pragma once
// The store's index and statistics as files; inside preparation only.

#include <cellverdict/prepare/store.h>
#include <cellverdict/table/gene_sums.h>

namespace cellverdict {

std::string store_index_to_json(const StoreIndex& index);
StoreIndex store_index_from_json(const std::string& text, const std::string& where);

void write_unit_sums(const std::filesystem::path& path, UnitGeneSums sums, const GeneList& genes);
UnitGeneSums read_unit_sums(const std::filesystem::path& path, const std::string& normalisation);

}  // namespace cellverdict
