#pragma once
// model/familiar.safetensors: what says whether a unit is like those the model was trained on. Beside the weights and not among
// them, so that the weights stay the state dict of the net.

#include <cellverdict/evaluate/familiarity.h>

#include <filesystem>

namespace cellverdict {

void write_familiar_units(const std::filesystem::path& model, const FamiliarUnits& units);
// Without any unit for the folder of a model that was trained before there was such a file. Throws InputError when it is damaged or
// of another model's genes.
FamiliarUnits read_familiar_units(const std::filesystem::path& model, std::int64_t n_genes);

}  // namespace cellverdict
