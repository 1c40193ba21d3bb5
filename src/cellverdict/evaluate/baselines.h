#pragma once
// What a model has to beat: answering by prevalence, by covariates, by the composition of cell types (annotated, or found by
// k-means), by pseudobulk profiles, by the mean of an embedding others computed for each cell, and regressions on single cells: on
// their genes, on the principal components of these, and on what the model's own encoder makes of them.
// What is known of a unit goes into several classifiers. Each is fitted on the training side of one fold and asked about any cells.
// Squair et al. 2021 and Kedzierska et al. 2023: simple models on pseudobulk often match the large ones.

#include <cellverdict/base/run_context.h>
#include <cellverdict/encode/balance.h>
#include <cellverdict/evaluate/unit_classifiers.h>
#include <cellverdict/evaluate/unit_profiles.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/unit_embedding.h>
#include <cellverdict/split/views.h>

#include <functional>
#include <string>
#include <vector>

namespace cellverdict {

// The names [evaluate] baselines may have, in the order of tables.
inline constexpr const char* kBaselineNames[] = {"majority", "covariates", "composition", "pseudobulk", "embedding",
                                                 "cells",    "pca",        "latent",      "latent mean"};

// Numbers of each cell that were learned elsewhere: the model's encoder.
struct CellNumbers {
  std::int64_t n = 0;                                               // per cell
  std::function<std::vector<float>(const CellView& view)> of_view;  // [cells, n]
};

// How often the trained model is shown each training unit; units of the baselines weigh as much. The majority is as it is.
struct UnitSampling {
  BalanceOptions balance;
  std::string tissue;  // obs column
  ClassWeights class_weights = ClassWeights::balanced;
};

struct BaselinePrediction {
  std::string name;                 // of kBaselineNames, with its classifier unless that is logistic: "pseudobulk kNN"
  std::string how;                  // a clause for people: "logistic regression on the mean profile of each unit, 1,000 genes"
  std::vector<double> probability;  // [cells asked, classes]; the same for all cells of a unit where it is made of units
};

struct BaselineRequest {
  const RunContext& context;
  const TrainView& train;
  const CellView& asked;
  const Preparation& preparation;            // of the model's own fold: the same genes, fitted on the same cells
  std::vector<std::string> covariates;       // obs columns; none: no such baseline
  std::string cell_type;                     // obs column; empty: types found by k-means on the training cells
  std::int64_t k_means_types = 0;            // as many; 0: no composition baseline without a column
  const UnitProfiles* profiles = nullptr;    // of all units, where they are at hand: no cell is read for a pseudobulk then
  const UnitEmbedding* embedding = nullptr;  // none: no such baseline
  const CellNumbers* latents = nullptr;      // none: no such baselines
  std::vector<std::string> classifiers = {"logistic"};  // of composition, pseudobulk and embedding
  ClassifierOptions classifier = {};
  UnitSampling sampling = {};
  const std::vector<BaselinePrediction>* made = nullptr;  // of the same cells: those of these names are not fitted again
};

// Those of `names` that these data allow. Throws UsageError for an unknown column.
std::vector<BaselinePrediction> predict_baselines(const BaselineRequest& request, const std::vector<std::string>& names);

}  // namespace cellverdict
