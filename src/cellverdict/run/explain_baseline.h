#pragma once
// What explained cells are compared with, from the training side alone.

#include <cellverdict/run/explain.h>
#include <cellverdict/run/explain_types.h>
#include <cellverdict/run/trained_run.h>

#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct ExplainedBaseline {
  std::vector<float> profiles;        // [types, genes]; empty: zero
  std::string words;                  // "the mean training cell of the other class, of each cell's own type"
  std::vector<std::string> warnings;  // of types that no cell of the baseline has
};

// "class-mean", "zero" or "where". Throws UsageError for options that contradict each other.
std::string baseline_kind(const ExplainRequest& request);

// against: the class that a class mean is of; none: all but the explained one. Throws UsageError for an expression that cannot be
// read, DataError when no training cell is left.
ExplainedBaseline make_baseline(const ExplainRequest& request, const TrainedRun& run, const CellTypesOfSides& types,
                                std::int32_t target, std::optional<std::int32_t> against);

}  // namespace cellverdict
