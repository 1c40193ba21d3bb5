#pragma once
// A net that says something of each cell of a minibatch.

#include <cellverdict/nets/first_layer.h>

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

class CellNet : public torch::nn::Module {
 public:
  // Logits per head, [cells, head_logits]. `step` numbers the dropout masks of a training step; not used when evaluating.
  virtual std::vector<torch::Tensor> forward(const CellBatch& cells, std::uint64_t step) = 0;
  // What is to be said of the batches since it was last asked, one sentence each.
  virtual std::vector<std::string> take_notes() { return {}; }
};

}  // namespace cellverdict
