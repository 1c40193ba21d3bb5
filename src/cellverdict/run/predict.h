#pragma once
// What a saved model says of cells it has never seen, from files of a stranger: are its genes there, is the depth alike, are its
// units like those it knows, then the calls.

#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/familiarity.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// The call of a unit that is given none.
inline constexpr const char* kAbstains = "abstains";

struct PredictRequest {
  std::filesystem::path model;             // folder
  std::vector<std::string> files;          // files, 10x folders, folders of libraries, or one sample sheet
  std::filesystem::path out;               // predictions.tsv
  std::filesystem::path out_units;         // models of cells: one line a unit too; empty: none
  std::filesystem::path out_cells;         // models of bags: one line a cell with its attention too; empty: none
  std::filesystem::path write_into;        // a copy of the one .h5ad file with the predictions in obs; empty: none
  std::string unit;                        // obs column; empty: the model's own when the files have it, else one unit per source
  std::string where;                       // which cells; empty: the model's own [data] where; "all": every cell
  std::string gene_map;                    // a table of Ensembl ids and symbols for files that lack one of them; empty: none
  std::string layer, genome;               // of OpenOptions
  double min_overlap = 0.8;                // share of the model's genes that must be there, weighted by what they carry
  std::int64_t cells = -1;                 // bags: drawn of each unit; 0: all, -1: as in training
  std::int64_t draws = 10;                 // bags: drawings whose probabilities are averaged
  std::optional<double> abstain;           // no call for units of this familiarity or less
  std::optional<double> least_confidence;  // no call for units below this probability
};

struct PredictedUnit {
  std::string unit;
  std::int64_t n_cells = 0, n_passing = 0;  // passing the model's quality control; only these count
  std::int64_t n_drawn = 0;                 // bags: in one drawing
  std::vector<double> probability;          // [classes] mean over cells or drawings; empty when no cell passes
  std::vector<double> spread;  // bags: [classes] standard deviation over drawings, 0 where all are the same; no interval
  std::optional<Familiarity> familiarity;  // nothing where the model does not know
  std::string predicted;                   // empty: none
  bool abstains = false;
  std::string why_not;  // a clause, where there is no call
};

struct PredictResult {
  std::vector<std::string> classes;
  std::int64_t n_cells = 0, n_model_genes = 0, n_genes_found = 0;
  double overlap = 0;                              // share of the model's training variance in the genes found
  std::string matched_by;                          // "id", "symbol"
  double depth_ratio = 0;                          // median counts per cell here / in training
  std::int64_t n_draws = 0;                        // bags
  std::int64_t n_known_units = 0, n_held_out = 0;  // that familiarity is measured by; 0: it is not
  std::vector<PredictedUnit> units;
  std::vector<std::string> warnings;
};

// Writes one line a cell: cell, unit, p_<class>…, predicted, passes_qc; of a model of bags one line a unit. Genes of the model that
// the files lack count as zero and are counted. Throws DataError below min_overlap, for values that are no counts, UsageError for
// options of the other kind of model, and whatever reading throws.
PredictResult predict_files(const RunContext& context, const PredictRequest& request);

}  // namespace cellverdict
