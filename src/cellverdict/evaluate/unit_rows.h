#pragma once
// A row of numbers for each unit of a view: what a simple model is shown of a patient. Nothing here knows the other side of a
// split.

#include <cellverdict/evaluate/unit_profiles.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/unit_embedding.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

// One entry per unit and class, in the order in which they first appear.
struct UnitRows {
  std::vector<std::int32_t> unit;     // [entries] number in the cohort
  std::vector<std::int32_t> label;    // [entries]
  std::vector<std::int32_t> of_cell;  // [cells] entry
  std::vector<double> values;         // [entries, n_features]
  std::int64_t n_features = 0;

  std::int64_t size() const { return static_cast<std::int64_t>(label.size()); }
  double& at(std::int64_t entry, std::int64_t feature) { return values[entry * n_features + feature]; }
};
// All zero.
UnitRows unit_rows(const CellView& view, std::int64_t n_features);

// What a cell is by one grouping, as numbers below n_values; -1: none that training knows.
struct Grouping {
  std::vector<std::int32_t> code;  // [cells]
  std::int64_t n_values = 0;
};
// The share of a unit's cells in each group of each grouping.
UnitRows shares_of_groups(const CellView& view, const std::vector<Grouping>& groupings);
// Centred log-ratios of such shares (Aitchison 1986), half a cell added to each group.
void to_log_ratios(UnitRows& rows);

// log(1 + counts of the unit's cells together, per target_sum of all its counts). `profiles` of all units: no cell is read then.
UnitRows pseudobulk_rows(const CellView& view, const Preparation& preparation, const UnitProfiles* profiles);

UnitRows embedding_rows(const CellView& view, const UnitEmbedding& embedding);

// Both sides of a fold.
struct TwoSides {
  UnitRows train, asked;
};
// Each feature to mean 0 and standard deviation 1 over the training entries; one that does not vary there becomes 0.
void standardise(TwoSides& sides);

}  // namespace cellverdict
