#pragma once
// Types of the explained cells: those that obs names, or else what k-means finds among the training cells.

#include <cellverdict/prepare/preparation.h>
#include <cellverdict/run/explain.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct CellTypesOfSides {
  std::vector<std::string> names;         // sorted; those of the test side
  std::vector<std::string> markers;       // [names] genes that stand out in a type found by k-means; else empty
  std::vector<std::int32_t> test, train;  // [cells of the side]; -1: of no type of the test side
  std::string how;                        // in words
};

// Throws UsageError for a column that is not there or has too many values.
CellTypesOfSides types_of_sides(const RunContext& context, const ExplainRequest& request, const TrainView& train,
                                const TestView& test, const Preparation& preparation);

// Fills in what the types' values [units] say of the units of the class beside the others: numbers of units, means, medians, rank
// sum, adjusted over the types. The greatest mean first.
void compare_types(const std::vector<bool>& is_in_class, std::vector<ExplainedType>& types);

}  // namespace cellverdict
