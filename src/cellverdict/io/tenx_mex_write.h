#pragma once
// Writes one library as a 10x v3 folder: matrix.mtx.gz, barcodes.tsv.gz, features.tsv.gz. The folder appears whole or not at all;
// same input, same bytes (no time stamps in the gzip headers).

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
};

void write_tenx_mex(const std::filesystem::path& folder, const TenxMexContents& contents);

}  // namespace cellverdict
