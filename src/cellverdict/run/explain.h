#pragma once
// Why a trained net of bags says what it says: integrated gradients of the test side's units, reduced to genes, cells, types of
// cells, units and classes as they come. Never in memory: cells × genes, or genes of every type in every unit.

#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/explanation.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

inline constexpr const char* kEveryClass = "all";

struct ExplainRequest {
  std::filesystem::path run;                   // a run folder, one of its variants, or one of its folds
  std::filesystem::path out;                   // folder; empty: explained/ in the run folder
  bool all_models = false;                     // of every fold, variant and training seed in the run folder
  std::string target = "probability";          // or "logit", or "difference" of two logits
  std::string baseline;                        // "class-mean", of the training cells of the other classes, of a cell's own type;
                                               // or "zero"; empty: class-mean, or what baseline_where says
  std::string baseline_where;                  // the mean of the training cells that this expression keeps
  std::string class_name;                      // explained; empty: the positive one; "all": each in turn
  std::string against;                         // the other one of a difference and of a class mean; empty: the only or all others
  std::string cell_type;                       // obs column; empty: cell_type where there is one, else types found by k-means
  std::int64_t types = -1;                     // so many found by k-means whatever obs has; 0: none; -1: as cell_type says
  std::vector<std::filesystem::path> compare;  // folders of earlier explanations, as of models of other seeds
  std::vector<std::filesystem::path> gmt;      // sets of genes
  std::int64_t cells = -1;                     // of each unit, drawn by the training's seed; 0: all; -1: as many as in training
  std::int64_t steps = 50;                     // of the quadrature
  std::int64_t random_weights = 1;             // nets of fresh weights that are explained beside; 0: none
  std::int64_t top = 100;                      // genes that are compared with the sets, at most a tenth of the model's
  bool per_unit_types = false;                 // keep genes of every type in every unit
  bool pictures = true;                        // PNG and SVG of the page's figures
};

struct ExplainSummary {
  std::filesystem::path folder;
  std::vector<ExplainResult> results;  // of each model and class
  std::vector<ExplanationPair> pairs;  // of several
  std::vector<std::string> warnings;   // of the whole
  std::string pictures_note;           // why there are no pictures
};

// Writes into the folder, which appears whole:
//   explain.html, figures/     the page
//   attributions.h5ad          obs units, var genes; X mean over a unit's cells, layer magnitude the mean of absolute values
//   attributions_by_type.h5ad  the same with types of cells, in all units and in those of each class, as obs: means over units
//   attributions_by_unit_and_type.h5ad    with per_unit_types
//   genes.tsv cells.tsv types.tsv units_by_type.tsv [sets.tsv sets_by_type.tsv enrichment.tsv] explain.json
// Of several models or classes a folder each, and explain.html, agreement.tsv, consensus.tsv [sets.tsv] explain.json over them.
// Throws UsageError for a model that is no net of bags or a class, column or target that is not there, InputError for a folder that
// holds no trained model or other cells than it was trained on.
ExplainSummary explain_run(const RunContext& context, const ExplainRequest& request);

}  // namespace cellverdict
