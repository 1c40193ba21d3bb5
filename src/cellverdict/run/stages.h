#pragma once
// The stages of one variant. Each writes its result whole, notes the key of what it was made from, and is skipped when a result
// with the same key is there.

#include <cellverdict/prepare/store.h>
#include <cellverdict/run/study.h>
#include <cellverdict/train/classifier.h>

namespace cellverdict {

struct VariantRun {
  Experiment experiment;
  std::filesystem::path folder;  // of the variant
  std::filesystem::path store;
  std::string store_key;
  std::string train_key;
};

// Pass 1, unless the store in `folder` (or one made for an earlier variant) has the same key.
void prepare_store(const RunContext& context, VariantRun& variant, const std::filesystem::path& out,
                   std::vector<VariantRun>& earlier);

// The split, printed as a table and written as split.tsv.
Split split_cohort(const RunContext& context, const VariantRun& variant);

// Fits preparation and net; settles threshold and temperature on validation.
void train_model(const RunContext& context, VariantRun& variant, const Split& split, bool resume);

// Opens the test side.
Evaluation evaluate_model(const RunContext& context, const VariantRun& variant, const Split& split);

}  // namespace cellverdict
