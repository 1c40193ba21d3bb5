#pragma once
// predictions.tsv and units.tsv.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/split/views.h>
#include <cellverdict/train/model_card.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

// The label's probabilities with the card's temperature applied.
std::vector<double> calibrated(const std::vector<double>& probability, const ModelCard& card);

// Class called from one row of probabilities.
std::size_t called_class(const double* probability, const ModelCard& card);

// The model that was asked about the cells before `end` that are no earlier fold's.
struct FoldModel {
  ModelCard card;
  std::int64_t end = 0;
};

// cell, unit, donor, label, p_<class>…, predicted, and with several folds the fold, from 1: one line a cell of the view.
void write_predictions(const std::filesystem::path& file, const CellView& view, const std::vector<double>& probability,
                       const std::vector<FoldModel>& folds);

// unit, donor, label, stratum, n_cells, p_<class>…, predicted, cell_accuracy.
void write_units(const std::filesystem::path& file, const Evaluation& evaluation);

}  // namespace cellverdict
