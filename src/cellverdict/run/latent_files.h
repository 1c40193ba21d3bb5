#pragma once
// What an encoder makes of the cells of a run, for people and for other tools: latent.h5ad (obsm["X_latent"], opens in scanpy),
// reconstruction.tsv (R² of every gene), and for the report a map of cells and the R² of each set.

#include <cellverdict/run/opened_fold.h>

namespace cellverdict {

inline constexpr const char* kLatentFile = "latent.h5ad";
inline constexpr const char* kReconstructionFile = "reconstruction.tsv";

// Of each fold, in its folder; `evaluation` gets the first one's map and R². Nothing where the model has no encoder.
void write_latents(const RunContext& context, const VariantRun& variant, const std::vector<OpenedFold>& folds,
                   Evaluation& evaluation);

}  // namespace cellverdict
