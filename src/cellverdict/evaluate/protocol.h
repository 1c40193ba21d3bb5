#pragma once
// The one place where the test side is opened: metrics per cell and per unit, baselines, and what must be said about them.

#include <cellverdict/base/option_table.h>
#include <cellverdict/evaluate/decision.h>
#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/evaluate/scoring.h>
#include <cellverdict/split/views.h>

#include <string>
#include <vector>

namespace cellverdict {

// [[evaluate.set]]: further cells of the test side the model is asked about.
struct EvaluationSet {
  std::string name;
  std::string where;  // as [data] where
};

struct EvaluateOptions {
  std::vector<std::string>
      covariates;  // columns for covariate-only baselines; empty: the split's `by` and the extra heads' columns
  std::vector<std::string>
      same_as_label;  // columns that say the label in other words: neither warned of nor held against the model
  std::vector<std::string> baselines = {"majority", "covariates", "composition", "pseudobulk", "embedding", "cells"};
  std::vector<std::string> classifiers = {"logistic"};  // of composition, pseudobulk and embedding
  std::string embedding;                                // in obsm of every source; "": no such baseline
  std::int64_t neighbours = 5;                          // of the classifier knn
  std::int64_t mlp_width = 100;
  double mlp_penalty = 1;
  std::string cell_type;                          // column of the composition baseline; "" looks for `cell_type`
  std::int64_t types = 10;                        // found by k-means where there is no such column
  std::vector<std::string> subgroups;             // columns whose values are judged on their own; empty: the covariates
  std::vector<std::string> permute = {"linear"};  // pipelines run anew on dealt labels: "linear", "model"
  std::int64_t permutations = 200;                // of the linear pipeline; 0: none
  std::int64_t model_permutations = 20;           // of the whole net; 0: none
  std::string permute_within;                     // obs column; "": all units together, or the values of a matched scheme
  std::string threshold = "0.5";                  // or "validation"
  std::string temperature = "1";                  // or "validation"
  std::vector<EvaluationSet> sets;                // asked after every epoch too
  std::string normal;                             // class of the label that all others are held against as one
  std::int64_t samplings = 10;                    // drawings of cells that a net of bags is asked about; their mean is its answer
};
const OptionTable<EvaluateOptions>& evaluate_options();

// What a model says of the test cells; temperature not applied yet.
struct PredictedHead {
  std::string label;
  std::vector<std::string> classes;
  double weight = 1;
  std::vector<double> probability;  // [cells, classes]
  std::string against = {};         // the first of two classes, the second being all other values of the column
};

// A simple model's answers for the same cells (baselines.h).
struct RivalInput {
  std::string name, how;
  std::vector<double> probability;  // [cells, classes]
};

// One model and the test cells it was asked about: those before `end` that are of no fold before it.
struct EvaluatedFold {
  TrainView train;  // for the baselines
  Decision decision;
  std::int64_t end = 0;
  std::string held_out;  // the value tested, when the scheme holds out values
  UnitDraws draws = {};  // of a net of bags, temperature not applied
};

struct EvaluateInput {
  std::string name;                  // of the variant
  std::vector<EvaluatedFold> folds;  // one: a split that stands alone
  const SplitSummary& split;
  std::vector<PredictedHead> heads;  // the label first; [cells] of the whole test view
  std::vector<RivalInput> rivals;
  std::vector<ConfoundingRow> confounding;  // audit_confounding of the cohort; its warnings become the evaluation's
  CellSamplings samplings;                  // how cells were drawn; its metrics are found here
  std::uint64_t seed = 42;
  int threads = 1;
};

struct CovariateSources {
  const SplitSummary& split;
  const std::vector<std::string>& extra_heads;
  const CohortRoles& roles;
  const std::vector<ConfoundingRow>& confounding;
};
// Columns of the covariate-only baselines under these options: those named, or the split's and the heads', and in any case those
// that the audit found to go with the label.
std::vector<std::string> covariates_of(const CovariateSources& from, const EvaluateOptions& options);

Evaluation evaluate(const TestView& test, const EvaluateInput& input, const EvaluateOptions& options);

}  // namespace cellverdict
