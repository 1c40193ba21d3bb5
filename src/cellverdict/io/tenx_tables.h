#pragma once
// The two tables beside a 10x matrix: barcodes.tsv and features.tsv (v3) or genes.tsv (v2), as 10x writes them and as R and pandas
// do: quoted, with a header line, with numbered rows. What is taken off is said.

#include <cellverdict/io/input_bytes.h>
#include <cellverdict/table/genes.h>
#include <cellverdict/table/names.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cellverdict {

struct TenxBarcodes {
  Names barcodes;               // at most as many as asked for
  std::int64_t n_lines = 0;     // as many as there are, without header
  std::int64_t first_line = 1;  // where the first of them stands, for messages
  std::vector<std::string> notes;
};

struct TenxFeatures {
  GeneList genes;                               // of type Gene Expression, or of no type; ids may repeat
  std::vector<std::int32_t> gene_of_row;        // [rows kept in memory] index into genes, -1 dropped
  std::map<std::string, std::int64_t> dropped;  // rows of other types
  std::int64_t n_lines = 0;
  bool version_3 = false;  // has types
  std::vector<std::string> notes;
};

// How many lines fit the matrix, and how many would fit it transposed.
struct TenxLines {
  std::int64_t expected = 0, transposed = 0;
};

// Keep no more lines than may fit, whatever the file holds, and count the rest. A first line that names columns ("barcode",
// "gene_id") is a header where the file has one line more than fits. Throw InputError with the line.
TenxBarcodes read_tenx_barcodes(const InputBytes& input, const TenxLines& fitting);
TenxFeatures read_tenx_features(const InputBytes& input, const TenxLines& fitting);

void refuse_repeated_barcodes(const std::filesystem::path& file, const TenxBarcodes& barcodes);

}  // namespace cellverdict
