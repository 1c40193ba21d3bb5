#include <cellverdict/simulate/options.h>

namespace cellverdict {

namespace {

OptionTable<SimulateOptions> make_table() {
  using O = SimulateOptions;
  OptionTable<O> table("simulate");
  table
      .add("design", &O::design, "cohort: donors of two conditions; lmna: the twelve libraries of GSE269705",
           one_of({"cohort", "lmna"}))
      .add("format", &O::format, "h5ad: one file; 10x: one v3 folder a library and samples.csv; auto: 10x for lmna, else h5ad",
           one_of({"auto", "h5ad", "10x"}))
      .add("output", &O::output, "folder to write into")
      .add("n_cells", &O::n_cells, "cells of each library", at_least(1))
      .add("n_genes", &O::n_genes, "genes, 13 mitochondrial ones among them", at_least(100))
      .add("n_cell_types", &O::n_cell_types, "cell types, about equally frequent", between(1, 1000))
      .add("n_donors", &O::n_donors, "donors, each with one library a day (cohort design only)", at_least(2))
      .add("diseased", &O::diseased, "share of the donors that have the disease (cohort design only)", between(0, 1))
      .add("n_diseases", &SimulateOptions::n_diseases,
           "different diseases among them, each with genes of its own: \"disease 1\", \"disease 2\", … (cohort design only)",
           between(1, 100))
      .add("n_batches", &O::n_batches, "batches the donors are dealt to (cohort design only; lmna: each library is one)",
           at_least(1))
      .add("confounding", &O::confounding, "probability that a donor's batch follows its label (cohort design only)", between(0, 1))
      .add("n_days", &O::n_days, "days each donor is measured on (cohort design only)", between(1, 1000))
      .add("n_disease_genes", &O::n_disease_genes, "genes changed by the disease in each cell type", at_least(0))
      .add("shared_disease", &O::shared_disease, "share of the disease genes that all cell types have in common", between(0, 1))
      .add("effect", &O::effect, "mean size of a disease gene's log fold change", between(0, 10))
      .add("effect_spread", &O::effect_spread, "those sizes lie so far around it on both sides, as a share of it", between(0, 1))
      .add("n_disease_types", &O::n_disease_types, "cell types that the disease changes, the first ones; 0: all", between(0, 1000))
      .add("cell_type_effect", &O::cell_type_effect, "sd of the log fold changes that make a cell type", between(0, 10))
      .add("donor_effect", &O::donor_effect, "sd of the log fold changes of a donor", between(0, 10))
      .add("batch_effect", &O::batch_effect, "sd of the log fold changes of a batch", between(0, 10))
      .add("day_effect", &O::day_effect, "sd of the smooth log fold changes over the days, mean size of those of one day",
           between(0, 10))
      .add("n_day_genes", &O::n_day_genes, "genes changed on one day only, for each day", at_least(0))
      .add("program_share", &O::program_share, "share of the genes that a cell type, donor, batch or the days change",
           between(0, 1))
      .add("expressed_share", &O::expressed_share, "share of the genes, best expressed first, that programs draw from",
           between(0, 1))
      .add("mean_counts", &O::mean_counts, "mean total count of an intact cell", above(0))
      .add("depth_sd", &O::depth_sd, "sd of the log total count between cells", between(0, 5))
      .add("fano", &O::fano, "variance / mean of a gene's count at given depth; 1: Poisson", between(1, 1000))
      .add("gene_sd", &O::gene_sd, "sd of log expression between genes", between(0, 10))
      .add("mito_percent", &O::mito_percent, "mean mitochondrial percentage of intact cells", between(0, 90))
      .add("mito_sd", &O::mito_sd, "sd of the log mitochondrial share between cells", between(0, 5))
      .add("low_quality", &O::low_quality, "share of dying cells: a twentieth to a fifth of the counts, 25 to 70 % mitochondrial",
           between(0, 1))
      .add("composition_sd", &O::composition_sd, "sd of the log frequency of a cell type between libraries", between(0, 5))
      .add("composition_effect", &O::composition_effect,
           "log fold change that the disease makes in the odds of the first cell type; 0: composition says nothing of the disease",
           between(-10, 10));
  return table;
}

}  // namespace

const OptionTable<SimulateOptions>& simulate_options() {
  static const auto table = make_table();
  return table;
}

}  // namespace cellverdict
