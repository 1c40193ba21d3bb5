#pragma once
// The state of a training after a whole epoch, from which it goes on as if it had never stopped: weights, optimiser, best weights,
// history. There is no random state to keep: every draw is a function of seed, epoch and step.

#include <cellverdict/io/safetensors.h>
#include <cellverdict/stats/learning_curve.h>

#include <torch/torch.h>

#include <filesystem>
#include <optional>
#include <string>

namespace cellverdict {

struct TrainingState {
  LearningCurve curve;     // its epochs are those done
  std::uint64_t step = 0;  // minibatches done
  Safetensors best;        // weights of curve.best_epoch
};

// All of it, without a copy: valid until the training goes on.
Safetensors view_checkpoint(const std::string& key, const torch::nn::Module& net, torch::optim::Optimizer& optimizer,
                            const TrainingState& state);
void write_checkpoint(const std::filesystem::path& folder, const Safetensors& checkpoint);

// Nothing when there is no checkpoint. Throws UsageError when it belongs to another configuration, InputError when it is damaged.
std::optional<TrainingState> read_checkpoint(const std::filesystem::path& folder, const std::string& key, torch::nn::Module& net,
                                             torch::optim::Optimizer& optimizer);

}  // namespace cellverdict
