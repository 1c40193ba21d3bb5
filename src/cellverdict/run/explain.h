#pragma once
// Why a trained net of bags says what it says: integrated gradients of the test side's units, reduced to genes, cells, types of
// cells, units and classes as they come. Never in memory: cells × genes.

#include <cellverdict/base/run_context.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct ExplainRequest {
  std::filesystem::path run;                   // a run folder, one of its variants, or one of its folds
  std::filesystem::path out;                   // folder
  std::string target = "probability";          // or "logit", or "difference" of two logits
  std::string baseline = "zero";               // or "class-mean": of the training cells of the other classes, of a cell's own type
  std::string class_name;                      // explained; empty: the positive one
  std::string against;                         // the other one of a difference and of a class mean; empty: the only or all others
  std::string cell_type;                       // obs column; empty: cells are of one type
  std::vector<std::filesystem::path> compare;  // folders of earlier explanations, as of models of other seeds
  std::filesystem::path gmt;                   // sets of genes; empty: none
  std::int64_t cells = -1;                     // of each unit, drawn by the training's seed; 0: all; -1: as many as in training
  std::int64_t steps = 50;                     // of the quadrature
  std::int64_t random_weights = 1;             // nets of fresh weights that are explained beside; 0: none
  std::int64_t top = 100;                      // genes that are compared with the sets, at most a tenth of the model's
};

struct ExplainedGene {
  std::string id, symbol;
  double attribution = 0, magnitude = 0;  // mean over units of the mean over cells; of absolute values
  std::int64_t expression_rank = 0;       // by differential expression between training units
};

struct ExplainedSet {
  std::string name;
  std::int64_t n_genes = 0, n_top = 0;  // of the set: in the model, among the top genes
  double odds_ratio = 0, p_value = 1, p_adjusted = 1;
};

struct ExplanationAgreement {
  std::string folder;                       // of the other explanation
  std::int64_t n_genes = 0, n_first = 100;  // shared, and of them the first
  double correlation = 0;                   // Spearman's, of ranks
  double jaccard = 0;                       // of the first genes: those both have / those either has
};

struct ExplainResult {
  std::string class_name, against;  // against: empty when there is none
  std::int64_t n_units = 0, n_cells = 0, n_genes = 0, n_top = 0;
  double median_delta = 0, worst_delta = 0;  // convergence, as a share of a unit's change; see explain.json
  // Spearman's correlation of the genes' absolute attributions with those of nets with fresh weights, each; none when none was
  // asked.
  std::vector<double> random_agreement;
  std::vector<ExplainedGene> genes;  // ranked
  std::vector<ExplainedSet> sets;    // by p-value
  std::vector<ExplanationAgreement> agreement;
  std::vector<std::string> warnings;
};

// Writes into request.out, which appears whole:
//   attributions.h5ad          obs units, var genes; X mean over a unit's cells, layer magnitude the mean of absolute values
//   attributions_by_type.h5ad  the same with types of cells, in all units and in those of each class, as obs
//   genes.tsv cells.tsv types.tsv [sets.tsv] explain.json
// Throws UsageError for a model that is no net of bags or a class, column or target that is not there, InputError for a folder that
// holds no trained model or other cells than it was trained on.
ExplainResult explain_run(const RunContext& context, const ExplainRequest& request);

}  // namespace cellverdict
