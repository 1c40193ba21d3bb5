#pragma once
// A table of genes that the user gives: Ensembl ids beside symbols, such as a 10x features.tsv, an export of BioMart or the genes
// of a GTF file. Any TSV or CSV, plain or gzip, with or without a header; which column is which is told by what stands in it.

#include <cellverdict/genes/identity.h>

#include <filesystem>

namespace cellverdict {

// Rows without an id or without a symbol are passed over; ids lose their version; the copies of genes on Y (…_PAR_Y) go by the gene
// on X. Throws InputError when there is no column of Ensembl gene ids or none of symbols.
GeneMap read_gene_map(const std::filesystem::path& file);

}  // namespace cellverdict
