#include <cellverdict/base/random.h>
#include <cellverdict/nets/dropout.h>
#include <cellverdict/nets/mlp.h>

namespace cellverdict {

Mlp::Mlp(const MlpShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
  torch::manual_seed(seed);
  for (std::int64_t layer = 0; layer < shape_.depth; ++layer) {
    const std::string number = std::to_string(layer);
    if (layer == 0) {
      first_ = register_module("hidden0", FirstLayer(shape_.n_genes, shape_.width, FirstLayerOptions{.bias = shape_.hidden_bias}));
    } else {
      hidden_.push_back(register_module(
          "hidden" + number, torch::nn::Linear(torch::nn::LinearOptions(shape_.width, shape_.width).bias(shape_.hidden_bias))));
    }
    norms_.push_back(register_module(
        "norm" + number,
        torch::nn::BatchNorm1d(torch::nn::BatchNormOptions(shape_.width).momentum(shape_.norm_momentum).eps(shape_.norm_epsilon))));
  }
  if (shape_.half_width_layer) half_ = register_module("half", torch::nn::Linear(shape_.width, shape_.head_width()));
  for (std::size_t h = 0; h < shape_.head_logits.size(); ++h)
    heads_.push_back(register_module("head" + std::to_string(h), torch::nn::Linear(shape_.head_width(), shape_.head_logits[h])));
}

std::vector<torch::Tensor> Mlp::forward(const CellBatch& cells, std::uint64_t step) {
  torch::Tensor x;  // [cells, width]
  for (std::int64_t layer = 0; layer < shape_.depth; ++layer) {
    x = layer == 0 ? first_(cells) : hidden_[layer - 1](x);
    x = norms_[layer](x);
    const double dropout = is_training() ? shape_.dropout : 0;
    const std::uint64_t key = Random(seed_, "dropout", {}, step * 64 + static_cast<std::uint64_t>(layer))();
    x = shape_.activation == "tanh" ? counter_dropout(torch::tanh(x), dropout, key) : relu_dropout(x, dropout, key);
  }
  if (!half_.is_empty()) x = shape_.activation == "tanh" ? torch::tanh(half_(x)) : torch::relu(half_(x));
  std::vector<torch::Tensor> logits;
  for (auto& head : heads_) logits.push_back(head(x));
  return logits;
}

}  // namespace cellverdict
