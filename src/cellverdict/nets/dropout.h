#pragma once
// Inverted dropout whose mask is a function of (key, element): no generator state to save, the same after a resume and for any
// number of threads. LibTorch's own draws from one generator, one element after another.

#include <torch/torch.h>

#include <cstdint>

namespace cellverdict {

torch::Tensor counter_dropout(const torch::Tensor& x, double probability, std::uint64_t key);

// The same of relu(x), in one pass: what was dropped and what relu cut are both zero, so the result itself is the mask of the
// gradient.
torch::Tensor relu_dropout(const torch::Tensor& x, double probability, std::uint64_t key);

}  // namespace cellverdict
