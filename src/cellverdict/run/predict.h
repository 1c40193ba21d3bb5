#pragma once
// What a saved model says of cells it has never seen, from files of a stranger: are its genes there, is the depth alike, then the
// calls.

#include <cellverdict/base/run_context.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct PredictRequest {
  std::filesystem::path model;       // folder
  std::vector<std::string> files;    // files, 10x folders, folders of libraries, or one sample sheet
  std::filesystem::path out;         // predictions.tsv
  std::filesystem::path write_into;  // a copy of the one .h5ad file with the predictions in obs; empty: none
  std::string unit;                  // obs column; empty: the model's own when the files have it, else one unit per source
  std::string where;                 // which cells; empty: the model's own [data] where; "all": every cell
  std::string gene_map;              // a table of Ensembl ids and symbols for files that lack one of them; empty: none
  std::string layer, genome;         // of OpenOptions
  double min_overlap = 0.8;          // share of the model's genes that must be there, weighted by what they carry
};

struct PredictedUnit {
  std::string unit;
  std::int64_t n_cells = 0, n_passing = 0;  // passing the model's quality control; only these are averaged
  std::vector<double> probability;          // [classes] mean; empty when no cell passes
  std::string predicted;
};

struct PredictResult {
  std::vector<std::string> classes;
  std::int64_t n_cells = 0, n_model_genes = 0, n_genes_found = 0;
  double overlap = 0;      // share of the model's training variance in the genes found
  std::string matched_by;  // "id", "symbol"
  double depth_ratio = 0;  // median counts per cell here / in training
  std::vector<PredictedUnit> units;
  std::vector<std::string> warnings;
};

// Writes one line a cell: cell, unit, p_<class>…, predicted, passes_qc. Genes of the model that the files lack count as zero and
// are counted. Throws DataError below min_overlap, for values that are no counts, and whatever reading throws.
PredictResult predict_files(const RunContext& context, const PredictRequest& request);

}  // namespace cellverdict
