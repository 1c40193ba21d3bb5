#pragma once
// From the cells of a bag to one vector (PaSCient, Methods "Aggregators"): e = Σ_j w_j z_j, the weights of a bag's cells summing to
// one, or a transformer over the cells and then their sum. Bags are packed, one after another: there is no padding that could
// change anything.

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct AggregatorShape {
  // mean, sum, linear-attention (softmax of z over cells, per feature), nonlinear-attention (softmax of Linear–Tanh–Linear → 1),
  // gated-attention (softmax of U(z) · sigmoid(V(z)), U and V each Linear–Tanh–Linear → 1), transformer (sum over its cells),
  // transformer-mean (the same, their mean).
  std::string kind = "nonlinear-attention";
  std::int64_t width = 1024;
  std::int64_t attention_width = 1024;  // of the hidden layer of the attention nets
  std::int64_t heads = 4, layers = 3;   // transformer; feed-forward twice the width, no dropout, ReLU
};

// What the published code pads a bag with: cells that count in the softmax. Each is embedded the same, so one row stands for all.
struct PublishedPadding {
  torch::Tensor embedding;  // [1, width]
  std::int64_t bag_size = 1500;
};

// Linear, activation, Linear …, named layers.0, layers.1, … as the published code has them.
class LayersImpl : public torch::nn::Module {
 public:
  explicit LayersImpl(const torch::nn::Sequential& layers) : layers_(register_module("layers", layers)) {}
  torch::Tensor forward(const torch::Tensor& x) { return layers_->forward(x); }
  // The i-th, which is a Linear.
  torch::nn::Linear linear(std::size_t i) { return torch::nn::Linear(layers_->ptr<torch::nn::LinearImpl>(i)); }

 private:
  torch::nn::Sequential layers_;
};
TORCH_MODULE(Layers);

class AggregatorImpl : public torch::nn::Module {
 public:
  explicit AggregatorImpl(const AggregatorShape& shape);

  // z [cells, width], bag b its rows [offsets[b], offsets[b + 1]), none empty → [bags, width].
  torch::Tensor forward(const torch::Tensor& z, std::span<const std::int64_t> offsets,
                        const std::optional<PublishedPadding>& padding = {});
  // The share of each cell in its bag, [cells]; of linear attention the mean over features. Undefined for a transformer.
  torch::Tensor cell_weights(const torch::Tensor& z, std::span<const std::int64_t> offsets,
                             const std::optional<PublishedPadding>& padding = {});

  const AggregatorShape& shape() const { return shape_; }
  // Cells look at each other: no cell has a share.
  bool has_transformer() const { return !transformer_.is_empty(); }
  // The nets behind the score of a cell: one for nonlinear attention, U and V for gated, else none.
  const std::vector<Layers>& score_nets() const { return score_nets_; }

 private:
  torch::Tensor scores(const torch::Tensor& z);
  torch::Tensor of_bag(const torch::Tensor& z, const torch::Tensor& scores, const std::optional<PublishedPadding>& padding);

  AggregatorShape shape_;
  std::vector<Layers> score_nets_;
  torch::nn::TransformerEncoder transformer_{nullptr};
};
TORCH_MODULE(Aggregator);

// Rows of each bag.
std::vector<std::int64_t> bag_sizes(std::span<const std::int64_t> offsets);

}  // namespace cellverdict
