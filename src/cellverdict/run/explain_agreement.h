#pragma once
// How far two explanations say the same: of a net and one with fresh weights, or of the same data and nets of other seeds or folds.

#include <cellverdict/run/explain.h>
#include <cellverdict/table/genes.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Spearman's correlation; ties have their mean rank. 0 where one of them does not vary.
double rank_correlation(std::span<const double> a, std::span<const double> b);

// How many first genes of so many are compared: a tenth, at most 100.
std::int64_t first_genes_of(std::int64_t n_genes);

// Throws InputError for a folder without a genes.tsv of an explanation.
void check_explanation(const std::filesystem::path& folder);

// Of two rankings of gene ids. `folder`: of the second, in the answer and in errors. Throws InputError without a shared gene.
ExplanationAgreement agreement_of(const std::vector<std::string>& here, const std::vector<std::string>& there,
                                  const std::string& folder);

// order: the genes of an explanation, ranked. `folder`: of another, whose genes.tsv is read. Genes that only one of them has are
// left out and not counted. Throws InputError for a folder without a genes.tsv of an explanation, or without a shared gene.
ExplanationAgreement agreement_with(const GeneList& genes, const std::vector<std::size_t>& order,
                                    const std::filesystem::path& folder);

}  // namespace cellverdict
