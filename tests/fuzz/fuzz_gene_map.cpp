// Tables of genes, plain or gzip: both directions of what is given agree, and a symbol names an id once.

#include <cellverdict/io/gene_map.h>

#include <set>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  return allow_refusal([&] {
    const GeneMap map = read_gene_map(file.path());
    for (const auto& [id, symbol] : map.symbol_of) require(!id.empty() && map.ids_of.contains(symbol));
    for (const auto& [symbol, ids] : map.ids_of) {
      require(!symbol.empty() && !ids.empty() && std::set<std::string>(ids.begin(), ids.end()).size() == ids.size());
      for (const auto& id : ids) require(map.symbol_of.contains(id));
    }
  });
}
