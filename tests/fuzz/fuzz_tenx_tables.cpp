// barcodes.tsv and features.tsv, plain or gzip; the first two bytes say how many lines fit.

#include <cellverdict/io/tenx_tables.h>

#include <algorithm>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n < 2) return 0;
  const TenxLines fitting{.expected = bytes[0], .transposed = bytes[1]};
  const std::int64_t most = std::max(fitting.expected, fitting.transposed) + 1;
  const MemoryFile file(bytes + 2, n - 2);
  allow_refusal([&] {
    const TenxBarcodes barcodes = read_tenx_barcodes(file.path(), fitting);
    require(static_cast<std::int64_t>(barcodes.barcodes.size()) == std::min(most, barcodes.n_lines));
    refuse_repeated_barcodes(file.path(), barcodes);
  });
  return allow_refusal([&] {
    const TenxFeatures features = read_tenx_features(file.path(), fitting);
    require(static_cast<std::int64_t>(features.gene_of_row.size()) == std::min(most, features.n_lines));
    require(features.genes.ids.size() == features.genes.symbols.size());
    for (const std::int32_t gene : features.gene_of_row) require(gene < features.genes.size());
  });
}
