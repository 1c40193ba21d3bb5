#pragma once
// Ensembl gene ids: ENSG00000141510, ENSMUSG00000059552, with or without the version that follows a full stop.

#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

// ENS, letters of species and kind, at least six digits; then nothing, a version or "_PAR_Y".
bool looks_like_ensembl(std::string_view name);
// More than half of the names; a few control sequences or transgenes among the ids do not make it something else.
bool mostly_ensembl(const std::vector<std::string>& names);

// "ENSG00000141510.17" → "ENSG00000141510", "ENSG00000182378.15_PAR_Y" → "ENSG00000182378_PAR_Y" (the copy on Y is a gene of its
// own), "ENSG00000223972.5_2" (GENCODE lifted to GRCh37) → "ENSG00000223972". Any other name as it is.
std::string without_version(std::string_view name);

}  // namespace cellverdict
