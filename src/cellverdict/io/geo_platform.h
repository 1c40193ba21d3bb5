#pragma once
// Reads what says which gene a probe is: the table of a platform in SOFT (GPL96, or the ^PLATFORM of a family), GEO's .annot, or a
// plain table with a header. Plain or gzip.
// Must never: turn SEPT1 into a date, or "1-Mar" back; texts stay as they are.

#include <cellverdict/genes/probe_map.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct GeoPlatform {
  std::string accession, title;  // "GPL96"; empty in a plain table
  Names probes;
  std::vector<std::string> columns;  // of the table
  // Genes of the probes; empty columns are not there. Several in one cell stand apart by "///"; of one cell each gene counts once.
  std::optional<ProbeGenes> symbols, entrez, ensembl;
  std::string symbol_column, entrez_column, ensembl_column;
  std::vector<std::string> notes;
};

// Columns by their headers, letters of either size: "Gene Symbol", "Gene symbol", "GENE_SYMBOL", "Symbol", "ILMN_Gene",
// "ENTREZ_GENE_ID", "Gene ID", "ENSEMBL", …; else those of Affymetrix' gene_assignment ("NM_1 // SYMBOL // title // place // id ///
// …"). Throws InputError for a file without such a table, a probe twice, a truncated file, a web page, or no column of genes.
GeoPlatform read_geo_platform(const std::filesystem::path& path);

}  // namespace cellverdict
