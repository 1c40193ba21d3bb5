#pragma once
// Which genes are mitochondrial: by symbol, MT-… (human) or mt-… (mouse), and by Ensembl id, the 37 genes of the mitochondrial
// chromosome of either (13 proteins, 2 ribosomal RNAs, 22 transfer RNAs), so that files without symbols can be judged too.

#include <cellverdict/table/genes.h>

#include <string>
#include <vector>

namespace cellverdict {

// Ids without versions.
std::vector<bool> mitochondrial_genes(const GeneList& genes);

// What told them: "symbol", "Ensembl id" where no symbol does, "" where there is none.
std::string mitochondrial_rule(const GeneList& genes);

}  // namespace cellverdict
