#pragma once
// A net that says something of each cell of a minibatch.

#include <cellverdict/nets/first_layer.h>

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

class CellNet : public torch::nn::Module {
 public:
  // Logits per head, [cells, head_logits]. `step` numbers the dropout masks of a training step; not used when evaluating.
  virtual std::vector<torch::Tensor> forward(const CellBatch& cells, std::uint64_t step) = 0;
};

}  // namespace cellverdict
