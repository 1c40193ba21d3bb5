#pragma once
// Known sets of genes held against the first genes of a ranking.

#include <cellverdict/run/explain.h>
#include <cellverdict/table/genes.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct GeneSet {
  std::string name;
  std::vector<std::string> genes;
};

// GMT: a set a line: name, description, genes, divided by tabs. Throws InputError for a line without a gene, or no set at all.
std::vector<GeneSet> read_gene_sets(const std::filesystem::path& file);

// Are genes of a set among the `top` [genes] of the model more often than among its other genes? Fisher's exact test, one-sided;
// the background is the model's genes and no others. Genes are found by id or symbol, without regard to upper and lower case. By
// p-value. Sets without a gene of the model are left out and counted.
struct SetOverlaps {
  std::vector<ExplainedSet> sets;
  std::int64_t n_absent = 0;
};
SetOverlaps test_gene_sets(const std::vector<GeneSet>& sets, const GeneList& genes, const std::vector<bool>& top);

}  // namespace cellverdict
