#pragma once
// The Transformer of the blood-lineage study (Bo, Gu & Sun, §3.3, equations 3 and 4): the latent of a cell is a sequence of
// n_latent tokens of width 1, each brought to `width` by one linear layer; then encoder layers as torch.nn.TransformerEncoderLayer
// has them (attention – residual – LayerNorm – feed-forward – residual – LayerNorm, ReLU), the mean over tokens, and one linear
// output per head. Stands between the autoencoder's latent and the loss; never sees genes.
//
// The paper's text has no positions. Without them a token is its number and nothing else: coordinates of the latent in another
// order give the same logits. By default each coordinate has a learned position.

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct LatentTransformerShape {
  std::int64_t n_latent = 256;    // coordinates of the latent: the tokens
  std::int64_t width = 256;       // D of a token
  std::int64_t heads = 4;         // divide the width
  std::int64_t layers = 1;        // of the encoder
  std::int64_t feed_forward = 0;  // hidden width of the feed-forward; 0: four times the width (Vaswani et al. 2017)
  double dropout = 0;             // where torch.nn.TransformerEncoderLayer has it: shares, attention, hidden units, feed-forward
  bool positions = true;          // false: the paper's text
  std::string scale = "head";     // scores are divided by the root of a head's width, or of "width": equation 3 to the letter
  std::vector<std::int64_t> head_logits;  // [heads of the output] 1 for two classes, else the number of classes

  std::int64_t feed_forward_width() const { return feed_forward > 0 ? feed_forward : 4 * width; }
};

struct SelfAttentionOptions {
  std::int64_t width = 256, heads = 4;
  double factor = 0.125;  // of the scores
};

// The dropout of one layer in one training step: its probability, and where its masks begin.
struct LayerDropout {
  double probability = 0;
  std::uint64_t key = 0;
};

// Parameters have the names and shapes of torch.nn.MultiheadAttention.
class SelfAttentionImpl : public torch::nn::Module {
 public:
  explicit SelfAttentionImpl(const SelfAttentionOptions& options);
  // queries, keys and values [cells, tokens, width] → the heads side by side, times W^O: [cells, tokens, width].
  torch::Tensor attend(const std::vector<torch::Tensor>& query_key_value, const LayerDropout& dropout);
  torch::Tensor forward(const torch::Tensor& x, const LayerDropout& dropout);  // x [cells, tokens, width]
  // Of tokens offset + number · slope, which is what the first layer sees: x [cells, tokens], slope [width], offset [tokens or 1,
  // width].
  torch::Tensor of_numbers(const torch::Tensor& x, const torch::Tensor& slope, const torch::Tensor& offset,
                           const LayerDropout& dropout);

 private:
  SelfAttentionOptions options_;
  torch::Tensor in_weight_, in_bias_;  // [3 width, width], [3 width]
  torch::nn::Linear out_{nullptr};
};
TORCH_MODULE(SelfAttention);

// Parameters have the names and shapes of torch.nn.TransformerEncoderLayer.
class LatentEncoderLayerImpl : public torch::nn::Module {
 public:
  explicit LatentEncoderLayerImpl(const LatentTransformerShape& shape);
  torch::Tensor forward(const torch::Tensor& x, const LayerDropout& dropout);  // [cells, tokens, width], both
  torch::Tensor of_numbers(const torch::Tensor& x, const torch::Tensor& slope, const torch::Tensor& offset,
                           const LayerDropout& dropout);

 private:
  torch::Tensor finish(const torch::Tensor& x, const torch::Tensor& attended, const LayerDropout& dropout);

  SelfAttention attention_{nullptr};
  torch::nn::Linear linear1_{nullptr}, linear2_{nullptr};
  torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
};
TORCH_MODULE(LatentEncoderLayer);

class LatentTransformer : public torch::nn::Module {
 public:
  // Weights as torch.nn.TransformerEncoderLayer and torch.nn.Linear draw them, positions from a normal distribution of deviation 1
  // as torch.nn.Embedding; from `seed` alone. Throws UsageError for heads that do not divide the width, and for an unknown scale.
  LatentTransformer(const LatentTransformerShape& shape, std::uint64_t seed);

  // latents [cells, n_latent] → logits per head, [cells, head_logits]. `step` numbers the dropout masks of a training step; not
  // used when evaluating. Throws DataError for a latent of another width.
  std::vector<torch::Tensor> forward(const torch::Tensor& latents, std::uint64_t step);
  // The mean over tokens, which the heads see: [cells, width].
  torch::Tensor embed(const torch::Tensor& latents, std::uint64_t step);
  const LatentTransformerShape& shape() const { return shape_; }

 private:
  LatentTransformerShape shape_;
  std::uint64_t seed_;
  torch::nn::Linear token_{nullptr};  // 1 → width
  torch::Tensor position_;            // [n_latent, width]; undefined without positions
  std::vector<LatentEncoderLayer> layers_;
  std::vector<torch::nn::Linear> heads_;
};

}  // namespace cellverdict
