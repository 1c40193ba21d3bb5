#pragma once
// What a simulated study is made of. Every number that shapes the data is here, and all of them are written into truth.json.

#include <cellverdict/base/option_table.h>

#include <cstdint>
#include <string>

namespace cellverdict {

struct SimulateOptions {
  std::string design = "cohort";     // cohort | lmna
  std::string format = "auto";       // auto | h5ad | 10x; auto: 10x for the lmna design, else h5ad
  std::string output = "simulated";  // folder

  // Size. Small enough to make, read and train on within a minute.
  std::int64_t n_cells = 700;  // per library
  std::int64_t n_genes = 5000;
  int n_cell_types = 3;

  // Who is measured. The lmna design fixes these itself: two donors, twelve libraries, seven days.
  int n_donors = 12;
  double diseased = 0.5;
  int n_diseases = 1;  // each with genes of its own
  int n_batches = 2;
  double confounding = 0.0;
  int n_days = 1;

  // Effects: natural log fold changes.
  std::int64_t n_disease_genes = 80;  // per cell type
  double shared_disease = 0.5;        // of them, the share that all cell types have in common
  double effect = 0.6;
  double effect_spread = 0.5;  // around it, as a share of it
  int n_disease_types = 0;     // cell types that the disease changes, the first ones; 0: all
  double cell_type_effect = 1.0;
  double donor_effect = 0.08;
  double batch_effect = 0.12;
  double day_effect = 1.0;
  std::int64_t n_day_genes = 150;  // per day, besides the smooth program
  double program_share = 0.1;      // of all genes, touched by one cell type, donor, batch, or the smooth day program
  double expressed_share = 0.4;    // programs draw from the best expressed genes, or most effects would never be seen

  // Cells.
  double mean_counts = 2000;
  double depth_sd = 0.35;
  double fano = 1.5;
  double gene_sd = 1.6;
  double mito_percent = 5;
  double mito_sd = 0.4;
  double low_quality = 0.03;
  double composition_sd = 0.3;
  double composition_effect = 0;  // natural log fold change of the first cell type's odds against the others, in the diseased
};

const OptionTable<SimulateOptions>& simulate_options();

}  // namespace cellverdict
