#pragma once
// Which probe stands for a gene, fitted on the training side of a split alone.

#include <cellverdict/genes/probe_map.h>
#include <cellverdict/split/views.h>

#include <span>

namespace cellverdict {

// The values of the view's i-th sample over all its genes (here: probes), zeros where none is stored. `row`: [view.genes().size()].
void dense_row(const CellView& view, std::int64_t i, CsrBlock& work, std::span<float> row);

// Throws DataError where the view has other columns than the map.
FittedProbes fit_probes(const TrainView& train, const ProbeMap& map, ProbeSummary summary);

}  // namespace cellverdict
