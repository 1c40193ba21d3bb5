// Matrix Market text, plain or gzip: what is given is in range and a count, whatever the size of the batches.

#include <cellverdict/io/market_matrix.h>

#include <cmath>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  return allow_refusal([&] {
    MarketMatrix matrix(file.path());
    std::vector<MarketEntry> all, batch(7);
    for (std::size_t got = 0; (got = matrix.read(batch)) > 0;)
      all.insert(all.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(got));
    require(static_cast<std::int64_t>(all.size()) == matrix.n_entries());
    for (const auto& entry : all) {
      require(entry.row >= 0 && entry.row < matrix.n_rows());
      require(entry.column >= 0 && entry.column < matrix.n_columns());
      require(std::isfinite(entry.value) && entry.value >= 0);
    }
    // One line at a time goes through other branches, and gives the same.
    matrix.rewind();
    std::vector<MarketEntry> one(1);
    for (const auto& entry : all) {
      require(matrix.read(one) == 1);
      require(one[0].row == entry.row && one[0].column == entry.column && one[0].value == entry.value);
    }
    if (!all.empty()) require(!matrix.lines_of(all[0].row, all[0].column).empty());
  });
}
