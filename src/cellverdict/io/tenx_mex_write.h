#pragma once
// Writes one library as a 10x folder: of version 3 (matrix.mtx.gz, barcodes.tsv.gz, features.tsv.gz), or, plain, of version 2
// (matrix.mtx, barcodes.tsv, genes.tsv), which is what programs look for without .gz. The folder
// appears whole or not at all; same input, same bytes (no time stamps in the gzip headers).

#include <cellverdict/io/text_output.h>
#include <cellverdict/table/csr.h>
#include <cellverdict/table/genes.h>
#include <cellverdict/table/names.h>

#include <filesystem>
#include <functional>
#include <string>

namespace cellverdict {

struct TenxMexContents {
  GeneList genes;
  Names barcodes;
  std::int64_t n_nonzero = 0;                 // exact
  std::function<bool(CsrBlock&)> next_block;  // whole counts, cells in order
  TextPacking packing = TextPacking::gzip;
};

void write_tenx_mex(const std::filesystem::path& folder, const TenxMexContents& contents);

}  // namespace cellverdict
