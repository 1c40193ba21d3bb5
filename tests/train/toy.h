#pragma once
// Small trainings that take a fraction of a second.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/train/classifier.h>

#include <string>

#include "io/temp_folder.h"
#include "split/example_cohort.h"

namespace cellverdict::testing {

inline PrepareOptions all_genes() {
  PrepareOptions options{.min_cells_per_gene = 1};
  options.genes.select = "all";
  return options;
}

// Two classes told apart by three genes, 12 donors of 20 cells.
inline Split toy_split(float signal = 12, const std::set<std::string>& poisoned = {}) {
  return split_example(make_example(many_units({"a", "b"}, 6, 20), {.signal = signal, .poisoned = poisoned}), {.scheme = "group"});
}

inline TrainRequest toy_request(const TempFolder& folder) {
  TrainRequest request{.checkpoints = folder / "checkpoints", .key = "toy"};
  request.model.width = 16;
  request.model.depth = 2;
  request.model.dropout = 0.2;
  request.train.epochs = 6;
  request.train.batch_size = 32;
  request.train.learning_rate = 1e-2;
  return request;
}

inline Classifier train_toy(const Split& split, const TrainRequest& request, const RunContext& context = {}, bool validate = true) {
  const Preparation preparation = fit_preparation(context, split.train(), all_genes());
  return train_classifier(context, split.train(), validate ? split.validation() : std::nullopt, preparation, {}, request);
}

// Bytes of a saved model: the card, then the weights.
inline std::pair<std::string, std::string> saved_bytes(const Classifier& classifier, const TempFolder& folder) {
  classifier.save(folder / "saved");
  return {read_file(folder / "saved" / "model.json"), read_file(folder / "saved" / "model.safetensors")};
}

}  // namespace cellverdict::testing
