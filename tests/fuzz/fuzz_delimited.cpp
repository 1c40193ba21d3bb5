// Tables of numbers: every line and every entry that is given is within the table, and none is zero.

#include <cellverdict/io/delimited.h>

#include <cmath>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  kind_of_table(file.path());  // throws nothing
  return allow_refusal([&] {
    const auto source = open_delimited(file.path(), {.memory_bytes = 1});
    const SourceHead& head = source->head();
    require(head.n_cells == head.obs.n_rows() && head.genes.symbols.size() == head.genes.ids.size());
    std::int64_t n_rows = 0;
    for (CsrBlock block; source->read_block(3, block); n_rows += block.n_rows())
      for (std::size_t k = 0; k < block.indices.size(); ++k)
        require(block.indices[k] >= 0 && block.indices[k] < head.genes.size() && block.values[k] != 0 &&
                std::isfinite(block.values[k]));
    require(n_rows == head.n_cells);
  });
}
