#pragma once
// The multilayer perceptron of the LMNA study (paper §2.5): (Dense – BatchNorm – activation – Dropout) × depth, then one linear
// output per head; a two-class head has one logit (of the second class), others one per class.
// The network that was published with that study differs from its text: Dense without a bias, one more Dense(width / 2) –
// activation before the heads, and Keras' constants of BatchNorm. Each of these is an option of the shape.
//
// To add a net of single cells: derive it from CellNet (nets/cell_net.h) as here, choose it by [model] kind in make_parts
// (train/classifier.cpp), and add its name there in train/options.cpp.

#include <cellverdict/nets/cell_net.h>

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct MlpShape {
  std::int64_t n_genes = 0;
  std::int64_t width = 512;
  std::int64_t depth = 2;
  double dropout = 0.3;
  std::string activation = "relu";        // or "tanh"
  bool hidden_bias = true;                // of every Dense that a BatchNorm follows
  bool half_width_layer = false;          // Dense(width / 2) – activation before the heads, without BatchNorm or dropout
  double norm_momentum = 0.1;             // share of the minibatch in BatchNorm's running moments; Keras: 1 − 0.99
  double norm_epsilon = 1e-5;             // added to BatchNorm's variance; Keras: 1e-3
  std::vector<std::int64_t> head_logits;  // [heads] 1 for two classes, else the number of classes

  // What the heads see.
  std::int64_t head_width() const { return half_width_layer ? std::max<std::int64_t>(1, width / 2) : width; }
};

class Mlp : public CellNet {
 public:
  // Weights as torch::nn::Linear draws them, from `seed` alone.
  Mlp(const MlpShape& shape, std::uint64_t seed);

  std::vector<torch::Tensor> forward(const CellBatch& cells, std::uint64_t step) override;

 private:
  MlpShape shape_;
  std::uint64_t seed_;
  FirstLayer first_{nullptr};
  std::vector<torch::nn::Linear> hidden_;
  std::vector<torch::nn::BatchNorm1d> norms_;
  torch::nn::Linear half_{nullptr};
  std::vector<torch::nn::Linear> heads_;
};

}  // namespace cellverdict
