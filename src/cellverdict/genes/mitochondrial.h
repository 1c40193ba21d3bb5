#pragma once
// Which genes are mitochondrial, by symbol: MT-… (human) or mt-… (mouse).

#include <cellverdict/table/genes.h>

#include <vector>

namespace cellverdict {

std::vector<bool> mitochondrial_genes(const GeneList& genes);

}  // namespace cellverdict
