#pragma once
// From a variant's folder to what the report says of its settings: the keys that made its model, and what its sweep tried.

#include <cellverdict/report/report.h>

#include <filesystem>
#include <vector>

namespace cellverdict {

// The keys of experiment.toml that decide a model and how it calls: [prepare], [model], [train], [sweep], threshold and
// temperature. Data and split are left out: by them variants are asked different questions.
std::vector<ModelSetting> read_settings(const std::filesystem::path& variant_folder);

// sweep.tsv of the variant, or of each fold; empty without a sweep. Throws InputError for a table that is damaged.
SweepResult read_sweep_result(const std::filesystem::path& variant_folder);

}  // namespace cellverdict
