#pragma once
// The optimisers of [train]. Adam and AdamW keep LibTorch's equations and state, but take a step in one pass over the numbers: its
// own takes ten, and reads and writes every parameter in each.

#include <cellverdict/train/options.h>

#include <torch/torch.h>

#include <memory>
#include <vector>

namespace cellverdict {

// A torch::optim::Adam, AdamW or SGD, by `options.optimizer`.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainOptions& options, const std::vector<torch::Tensor>& parameters);

// The same for a Transformer: weight decay of matrices alone, not of biases and LayerNorm, and nothing of frozen parameters.
std::unique_ptr<torch::optim::Optimizer> make_transformer_optimizer(const TrainOptions& options,
                                                                    const std::vector<torch::Tensor>& parameters);

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate);

}  // namespace cellverdict
