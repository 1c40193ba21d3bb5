#pragma once
// Small libraries on disk, with counts that are a function of library, cell and gene.

#include <cellverdict/base/random.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/io/tenx_mex_write.h>
#include <cellverdict/prepare/store.h>

#include <functional>
#include <string>
#include <vector>

#include "io/temp_folder.h"

namespace cellverdict::testing {

using CountOf = std::function<float(int cell, int gene)>;

// Genes 0 and 1 are mitochondrial.
inline GeneList example_genes(int n) {
  GeneList genes;
  for (int g = 0; g < n; ++g) {
    genes.ids.push_back("ENSG" + std::to_string(g));
    genes.symbols.push_back((g < 2 ? "MT-" : "GENE") + std::to_string(g));
  }
  return genes;
}

inline CountOf example_counts(const std::string& library) {
  return [library](int cell, int gene) {
    Random random(3, library, std::to_string(cell), static_cast<std::uint64_t>(gene));
    return random.below(3) == 0 ? static_cast<float>(random.below(9) + 1) : 0.0F;
  };
}

inline CsrBlock block_of(int n_cells, int n_genes, const CountOf& count) {
  CsrBlock block;
  for (int i = 0; i < n_cells; ++i) {
    for (int g = 0; g < n_genes; ++g)
      if (const float x = count(i, g); x != 0) block.push(g, x);
    block.end_row();
  }
  return block;
}

inline void write_library(const std::filesystem::path& folder, int n_cells, const GeneList& genes, const CountOf& count) {
  const CsrBlock all = block_of(n_cells, static_cast<int>(genes.size()), count);
  TenxMexContents contents{.genes = genes, .n_nonzero = static_cast<std::int64_t>(all.values.size())};
  for (int i = 0; i < n_cells; ++i) contents.barcodes.push_back("BC" + std::to_string(i));
  contents.next_block = [all, given = false](CsrBlock& block) mutable {
    if (given) return false;
    block = all;
    return given = true;
  };
  write_tenx_mex(folder, contents);
}

inline void write_annotated(const std::filesystem::path& file, const Frame& obs, const GeneList& genes, const CountOf& count) {
  const CsrBlock all = block_of(static_cast<int>(obs.n_rows()), static_cast<int>(genes.size()), count);
  H5adContents contents{.obs = obs, .n_nonzero = static_cast<std::int64_t>(all.values.size())};
  contents.var.index = genes.ids;
  contents.var.set("gene_symbols", make_text_column(genes.symbols));
  contents.next_block = [all, given = false](CsrBlock& block) mutable {
    if (given) return false;
    block = all;
    return given = true;
  };
  write_h5ad(file, contents);
}

// Four libraries of 40 cells and 30 genes, a sample sheet, and thresholds that fit them.
inline StoreRequest write_study(const TempFolder& folder, const GeneList& genes = example_genes(30)) {
  for (const std::string name : {"L1", "L2", "L3", "L4"}) write_library(folder / name, 40, genes, example_counts(name));
  folder.write("samples.csv",
               "library,path,genotype,donor,day\nL1,L1,Control,d1,0\nL2,L2,Control,d2,1\nL3,L3,Patient,d3,0\nL4,L4,Patient,d4,1\n");
  StoreRequest request{.base = folder.path()};
  request.data.sources = "samples.csv";
  request.data.label = "genotype";
  request.data.unit = "library";
  request.data.donor = "donor";
  request.prepare.min_genes = 8;
  request.prepare.max_genes = 13;
  request.prepare.max_mito_percent = 15;
  request.prepare.min_cells_per_gene = 1;
  return request;
}

}  // namespace cellverdict::testing
