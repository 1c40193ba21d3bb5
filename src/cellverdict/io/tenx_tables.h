#pragma once
// The two tables beside a 10x matrix: barcodes.tsv and features.tsv (v3) or genes.tsv (v2).

#include <cellverdict/table/genes.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace cellverdict {

struct TenxBarcodes {
  std::vector<std::string> barcodes;  // at most as many as asked for
  std::int64_t n_lines = 0;           // as many as there are
  bool extra_columns = false;
};

struct TenxFeatures {
  GeneList genes;                               // of type Gene Expression, or of no type
  std::vector<std::int32_t> gene_of_row;        // [rows kept in memory] index into genes, -1 dropped
  std::vector<std::int64_t> line_of_gene;       // for messages
  std::map<std::string, std::int64_t> dropped;  // rows of other types
  std::int64_t n_lines = 0;
  bool version_3 = false;  // has types
};

// Keep no more than `most` lines, whatever the file holds, and count the rest. Throw InputError with the line.
TenxBarcodes read_tenx_barcodes(const std::filesystem::path& file, std::int64_t most);
TenxFeatures read_tenx_features(const std::filesystem::path& file, std::int64_t most);

void refuse_repeated_barcodes(const std::filesystem::path& file, const TenxBarcodes& barcodes);
void refuse_repeated_ids(const std::filesystem::path& file, const TenxFeatures& features);

}  // namespace cellverdict
