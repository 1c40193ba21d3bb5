#include <cellverdict/genes/mitochondrial.h>

namespace cellverdict {

std::vector<bool> mitochondrial_genes(const GeneList& genes) {
  std::vector<bool> flags;
  flags.reserve(genes.symbols.size());
  for (const auto& symbol : genes.symbols) flags.push_back(symbol.starts_with("MT-") || symbol.starts_with("mt-"));
  return flags;
}

}  // namespace cellverdict
