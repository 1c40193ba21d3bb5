#include <cellverdict/nets/aggregate.h>

#include <cmath>

namespace cellverdict {

namespace {

Layers score_net(const AggregatorShape& shape) {
  return Layers(torch::nn::Sequential(torch::nn::Linear(shape.width, shape.attention_width), torch::nn::Tanh(),
                                      torch::nn::Linear(shape.attention_width, 1)));
}

torch::nn::TransformerEncoder transformer(const AggregatorShape& shape) {
  const auto layer = torch::nn::TransformerEncoderLayerOptions(shape.width, shape.heads)
                         .dim_feedforward(2 * shape.width)
                         .dropout(0)
                         .activation(torch::kReLU);
  return torch::nn::TransformerEncoder(torch::nn::TransformerEncoderOptions(layer, shape.layers));
}

// Softmax over cells of [cells, 1 or width], and what of it the padding takes, which is nothing without.
struct Shares {
  torch::Tensor cells;    // as the scores
  torch::Tensor padding;  // [1, 1 or width]; undefined without padding
};

Shares softmax_over_cells(const torch::Tensor& scores, const torch::Tensor& padding_scores, std::int64_t n_padded) {
  if (n_padded <= 0) return {torch::softmax(scores, 0), {}};
  // n equal scores s weigh as one of s + log n.
  const torch::Tensor shares = torch::softmax(torch::cat({scores, padding_scores + std::log(static_cast<double>(n_padded))}), 0);
  return {shares.narrow(0, 0, scores.size(0)), shares.narrow(0, scores.size(0), 1)};
}

}  // namespace

std::vector<std::int64_t> bag_sizes(std::span<const std::int64_t> offsets) {
  std::vector<std::int64_t> sizes;
  for (std::size_t b = 1; b < offsets.size(); ++b) sizes.push_back(offsets[b] - offsets[b - 1]);
  return sizes;
}

AggregatorImpl::AggregatorImpl(const AggregatorShape& shape) : shape_(shape) {
  if (shape_.kind == "nonlinear-attention") score_nets_.push_back(register_module("attention_model", score_net(shape_)));
  if (shape_.kind == "gated-attention")
    for (const char* name : {"u", "v"}) score_nets_.push_back(register_module(name, score_net(shape_)));
  if (shape_.kind == "transformer" || shape_.kind == "transformer-mean")
    transformer_ = register_module("transformer", transformer(shape_));
}

torch::Tensor AggregatorImpl::scores(const torch::Tensor& z) {
  if (shape_.kind == "linear-attention") return z;
  torch::Tensor score = score_nets_[0]->forward(z);
  return score_nets_.size() == 1 ? score : score * torch::sigmoid(score_nets_[1]->forward(z));
}

torch::Tensor AggregatorImpl::of_bag(const torch::Tensor& z, const torch::Tensor& scores,
                                     const std::optional<PublishedPadding>& padding) {
  if (shape_.kind == "mean") return z.mean(0, true);
  if (shape_.kind == "sum") return z.sum(0, true);
  if (has_transformer()) {
    const torch::Tensor seen = transformer_(z.unsqueeze(1)).squeeze(1);
    return shape_.kind == "transformer" ? seen.sum(0, true) : seen.mean(0, true);
  }
  const std::int64_t n_padded = padding ? padding->bag_size - z.size(0) : 0;
  const Shares shares = softmax_over_cells(scores, n_padded > 0 ? this->scores(padding->embedding) : torch::Tensor(), n_padded);
  torch::Tensor e = shape_.kind == "linear-attention" ? (shares.cells * z).sum(0, true) : shares.cells.t().matmul(z);
  return n_padded > 0 ? e + shares.padding * padding->embedding : e;
}

torch::Tensor AggregatorImpl::forward(const torch::Tensor& z, std::span<const std::int64_t> offsets,
                                      const std::optional<PublishedPadding>& padding) {
  const std::vector<std::int64_t> sizes = bag_sizes(offsets);
  const bool scored = shape_.kind.ends_with("attention");
  // Split, not narrowed bag by bag: the gradients of narrowed bags would each be as large as all bags together.
  const auto cells = z.split_with_sizes(sizes);
  const auto score = scored ? scores(z).split_with_sizes(sizes) : std::vector<torch::Tensor>(sizes.size());
  std::vector<torch::Tensor> bags;
  for (std::size_t b = 0; b < sizes.size(); ++b) bags.push_back(of_bag(cells[b], score[b], padding));
  return torch::cat(bags);
}

torch::Tensor AggregatorImpl::cell_weights(const torch::Tensor& z, std::span<const std::int64_t> offsets,
                                           const std::optional<PublishedPadding>& padding) {
  if (has_transformer()) return {};
  std::vector<torch::Tensor> weights;
  for (const torch::Tensor& bag : z.split_with_sizes(bag_sizes(offsets))) {
    const std::int64_t n = bag.size(0), n_padded = padding ? padding->bag_size - n : 0;
    if (!shape_.kind.ends_with("attention")) {
      weights.push_back(torch::full({n}, 1.0 / static_cast<double>(n), z.options()));
    } else {
      const torch::Tensor of_padding = n_padded > 0 ? scores(padding->embedding) : torch::Tensor();
      weights.push_back(softmax_over_cells(scores(bag), of_padding, n_padded).cells.mean(1));
    }
  }
  return torch::cat(weights);
}

}  // namespace cellverdict
