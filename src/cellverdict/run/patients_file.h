#pragma once
// patients.h5ad: the units of every side of a split as a net of bags sees them, one row each, for `cellverdict space` and scanpy.

#include <cellverdict/base/run_context.h>
#include <cellverdict/split/split.h>
#include <cellverdict/train/classifier.h>

#include <filesystem>
#include <string>

namespace cellverdict {

inline constexpr const char* kPatientsFile = "patients.h5ad";

struct PatientsRequest {
  const Classifier& classifier;
  const Split& split;
  const Cohort& cohort;
  const BagDraws& test;  // what was said of the test side: its probabilities are the means over these drawings
};

// obs        the split's side, unit, donor, label, n_cells, the probabilities, the call, and every column that has one value in
// each
//            unit
// X          log of the unit's summed counts, normalised as the model's cells are: its pseudobulk
// obsm       X_patient, the patient encoder's numbers by the first drawing of cells; X_pseudobulk, the principal components of X
//            among the training units
// uns        which columns are what
// Memory: 8 bytes for each unit and gene; of more than a sixteenth of context.memory_bytes the genes that vary least among the
// training cells are left out.
void write_patients(const RunContext& context, const std::filesystem::path& file, const PatientsRequest& request);

}  // namespace cellverdict
