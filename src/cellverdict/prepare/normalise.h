#pragma once
// Counts of one cell → log-normalised values: x ← ln(1 + count · target_sum / total). Nothing is fitted here.

#include <cellverdict/prepare/options.h>
#include <cellverdict/table/csr.h>

#include <string>

namespace cellverdict {

// In place. `total` is the cell's library size over all genes of the cohort's gene space; a cell without counts stays zero.
void normalise_values(std::span<float> values, double total, double target_sum, bool log1p);

// "counts, 10000 per cell, log1p": names what stored sums are of.
std::string normalisation_name(const PrepareOptions& options);

}  // namespace cellverdict
