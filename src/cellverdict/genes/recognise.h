#pragma once
// What a name by itself looks like: a gene or a cell. For files that do not say which side of their matrix is which.

#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

// "ENSG00000141510", "ENSMUSG00000064370.1".
bool looks_like_ensembl(std::string_view name);
// More than half are: a few control sequences or transgenes among the ids do not make it something else.
bool mostly_ensembl(const std::vector<std::string>& names);
// An Ensembl id, or a symbol that nearly every table of human or mouse genes has (MT-CO1, ACTB, Gapdh, RPL3, HLA-A, …). Says no of
// most genes: a few among many names are enough to tell.
bool looks_like_gene(std::string_view name);
// A droplet's barcode: "AAACCTGAGAAACCAT-1", "GSM1_AAACCTGAGAAA".
bool looks_like_barcode(std::string_view name);

}  // namespace cellverdict
