#pragma once
// The autoencoder of [model] input = "latent": fitted once for all variants that agree on it, in <run>/autoencoder/<key>, and taken
// from there by the next.

#include <cellverdict/run/experiment.h>
#include <cellverdict/split/split.h>
#include <cellverdict/train/encoder.h>

#include <filesystem>
#include <string>

namespace cellverdict {

struct FittedEncoder {
  Encoder encoder;
  Preparation preparation;  // fitted on the same cells
};

struct EncoderPlace {
  std::filesystem::path run;  // empty: fitted anew and written nowhere
  std::string store_key;
  bool resume = false;
};

// On the training side of the split as dealt, of it the cells that [model.autoencoder] where names. Throws as fit_encoder does.
FittedEncoder obtain_encoder(const RunContext& context, const Experiment& experiment, const Split& split,
                             const EncoderPlace& place);

// What must be said of a result whose encoder saw the test cells; empty: it did not.
std::vector<std::string> transductive_warnings(const ModelOptions& model);

}  // namespace cellverdict
