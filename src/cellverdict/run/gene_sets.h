#pragma once
// Known sets of genes held against a ranking: are their genes among its first, and do they stand at one of its ends.

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

// The members of each set among the genes of a model, found by id or symbol without regard to upper and lower case. Sets without a
// gene of the model are left out and counted.
struct KnownSets {
  std::vector<std::string> names;
  std::vector<std::vector<std::size_t>> members;  // [sets] genes, ascending
  std::int64_t n_absent = 0;
};
KnownSets known_sets(const std::vector<GeneSet>& sets, const GeneList& genes);

// Are genes of a set among the `top` [genes] of the model more often than among its other genes? Fisher's exact test, one-sided;
// the background is the model's genes and no others. By p-value, adjusted over the sets.
std::vector<ExplainedSet> test_gene_sets(const KnownSets& sets, const std::vector<bool>& top);
// Adjusts the p-values of all of them together, as of several cell types or classes, and sorts by p-value.
void adjust_together(std::vector<ExplainedSet>& sets);

// Do genes of a set have high, or low, `values` [genes]? Sets of fewer than kLeastEnriched genes of the model, or more than half of
// them, are left out. By p-value, adjusted over the sets (Benjamini and Hochberg).
inline constexpr std::int64_t kLeastEnriched = 5;
std::vector<EnrichedSet> test_enriched_sets(const KnownSets& sets, const GeneList& genes, std::span<const double> values,
                                            std::uint64_t seed);

}  // namespace cellverdict
