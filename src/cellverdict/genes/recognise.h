#pragma once
// What a name by itself looks like: a gene or a cell. For files that do not say which side of their matrix is which.

#include <cellverdict/genes/ensembl.h>

#include <string_view>

namespace cellverdict {

// An Ensembl id, or a symbol that nearly every table of human or mouse genes has (MT-CO1, ACTB, Gapdh, RPL3, HLA-A, …). Says no of
// most genes: a few among many names are enough to tell.
bool looks_like_gene(std::string_view name);
// A droplet's barcode: "AAACCTGAGAAACCAT-1", "GSM1_AAACCTGAGAAA".
bool looks_like_barcode(std::string_view name);

}  // namespace cellverdict
