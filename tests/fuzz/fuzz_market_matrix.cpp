// Matrix Market text, plain or gzip: what is given is in range, ascending and a count.

#include <cellverdict/io/market_matrix.h>

#include <cmath>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  return allow_refusal([&] {
    MarketMatrix matrix(file.path());
    std::vector<MarketEntry> entries;
    std::int64_t n_entries = 0;
    // A few bytes may announce two thousand million empty cells.
    for (int column = 0; column < 10000 && matrix.read_column(entries); ++column) {
      n_entries += static_cast<std::int64_t>(entries.size());
      for (std::size_t i = 0; i < entries.size(); ++i) {
        require(entries[i].row >= 0 && entries[i].row < matrix.n_rows());
        require(i == 0 || entries[i].row > entries[i - 1].row);
        require(std::isfinite(entries[i].value) && entries[i].value >= 0);
      }
    }
    require(n_entries <= matrix.n_entries());
  });
}
