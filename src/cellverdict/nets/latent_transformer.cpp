#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/nets/dropout.h>
#include <cellverdict/nets/latent_transformer.h>

#include <ATen/Parallel.h>

#include <cmath>

namespace cellverdict {

namespace {

// A token of the first layer is affine in its one number x: slope · x + offset. So are its query, key and value, whose slope and
// offset are W slope and W offset + b: a product of [tokens, width] instead of [cells · tokens, width] with each of the three
// weights, in both directions. Below is what is left of it.

void affine_token(float x, const float* __restrict slope, const float* __restrict offset, std::int64_t width,
                  float* __restrict out) {
  for (std::int64_t d = 0; d < width; ++d) out[d] = offset[d] + x * slope[d];
}

void add_token_gradient(float x, const float* __restrict dy, std::int64_t width, float* __restrict of_slope,
                        float* __restrict of_offset) {
  for (std::int64_t d = 0; d < width; ++d) {
    of_offset[d] += dy[d];
    of_slope[d] += x * dy[d];
  }
}

class AffineTokens : public torch::autograd::Function<AffineTokens> {
 public:
  // x [cells, tokens], slope [width], offset [tokens or 1, width] → [cells, tokens, width].
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x, const torch::Tensor& slope,
                               const torch::Tensor& offset) {
    const torch::Tensor numbers = x.contiguous(), steep = slope.contiguous(), from = offset.contiguous();
    const std::int64_t n_tokens = x.size(1), width = slope.size(0), n_offsets = offset.size(0);
    torch::Tensor y = torch::empty({x.size(0), n_tokens, width}, x.options());
    const float *in = numbers.const_data_ptr<float>(), *of_slope = steep.const_data_ptr<float>(),
                *of_offset = from.const_data_ptr<float>();
    float* out = y.mutable_data_ptr<float>();
    constexpr std::int64_t kWorthAThread = 64;
    at::parallel_for(0, x.numel(), kWorthAThread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t)
        affine_token(in[t], of_slope, of_offset + (n_offsets == 1 ? 0 : t % n_tokens) * width, width, out + t * width);
    });
    context->save_for_backward({numbers, steep});
    context->saved_data["offsets"] = n_offsets;
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &slope = saved[1], dy = gradients[0].contiguous();
    const std::int64_t n = x.size(0), n_tokens = x.size(1), width = slope.size(0);
    // A sum per token, so that the number of threads changes no byte.
    torch::Tensor by_slope = torch::zeros({n_tokens, width}, x.options()), by_offset = torch::zeros({n_tokens, width}, x.options());
    const float *numbers = x.const_data_ptr<float>(), *in = dy.const_data_ptr<float>();
    float *of_slope = by_slope.mutable_data_ptr<float>(), *of_offset = by_offset.mutable_data_ptr<float>();
    at::parallel_for(0, n_tokens, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t)
        for (std::int64_t i = 0; i < n; ++i)
          add_token_gradient(numbers[i * n_tokens + t], in + (i * n_tokens + t) * width, width, of_slope + t * width,
                             of_offset + t * width);
    });
    const torch::Tensor dx = context->needs_input_grad(0) ? torch::matmul(dy, slope) : torch::Tensor();
    return {dx, by_slope.sum(0), context->saved_data["offsets"].toInt() == 1 ? by_offset.sum(0, true) : by_offset};
  }
};

torch::Tensor affine_tokens(const torch::Tensor& x, const torch::Tensor& slope, const torch::Tensor& offset) {
  if (x.is_cpu() && x.scalar_type() == torch::kFloat32) return AffineTokens::apply(x, slope, offset);
  return torch::addcmul(offset, x.unsqueeze(2), slope);
}

// Masks of one layer: four places, each with a key of its own.
torch::Tensor dropped(const torch::Tensor& x, const LayerDropout& dropout, std::uint64_t place) {
  return counter_dropout(x, dropout.probability, mix_bits(dropout.key + place));
}

}  // namespace

SelfAttentionImpl::SelfAttentionImpl(const SelfAttentionOptions& options) : options_(options) {
  const std::int64_t width = options_.width;
  in_weight_ = register_parameter("in_proj_weight", torch::nn::init::xavier_uniform_(torch::empty({3 * width, width})));
  in_bias_ = register_parameter("in_proj_bias", torch::zeros({3 * width}));
  out_ = register_module("out_proj", torch::nn::Linear(width, width));
  torch::nn::init::zeros_(out_->bias);
}

torch::Tensor SelfAttentionImpl::attend(const std::vector<torch::Tensor>& query_key_value, const LayerDropout& dropout) {
  std::vector<torch::Tensor> by_head;  // [cells, heads, tokens, width / heads]
  for (const auto& t : query_key_value)
    by_head.push_back(t.view({t.size(0), t.size(1), options_.heads, options_.width / options_.heads}).transpose(1, 2));
  const auto &q = by_head[0], &k = by_head[1], &v = by_head[2];
  torch::Tensor seen;
  if (dropout.probability <= 0) {
    seen = at::scaled_dot_product_attention(q, k, v, {}, 0.0, false, options_.factor);
  } else {  // the fused kernel would draw its masks from LibTorch's generator
    const torch::Tensor shares = torch::softmax(torch::matmul(q * options_.factor, k.transpose(2, 3)), 3);
    seen = torch::matmul(dropped(shares, dropout, 0), v);
  }
  return out_(seen.transpose(1, 2).reshape({seen.size(0), seen.size(2), options_.width}));
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x, const LayerDropout& dropout) {
  return attend(torch::nn::functional::linear(x, in_weight_, in_bias_).chunk(3, 2), dropout);
}

torch::Tensor SelfAttentionImpl::of_numbers(const torch::Tensor& x, const torch::Tensor& slope, const torch::Tensor& offset,
                                            const LayerDropout& dropout) {
  const auto slopes = torch::mv(in_weight_, slope).chunk(3);
  const auto offsets = torch::addmm(in_bias_, offset, in_weight_.t()).chunk(3, 1);
  std::vector<torch::Tensor> query_key_value;
  for (std::size_t k = 0; k < 3; ++k) query_key_value.push_back(affine_tokens(x, slopes[k], offsets[k]));
  return attend(query_key_value, dropout);
}

LatentEncoderLayerImpl::LatentEncoderLayerImpl(const LatentTransformerShape& shape) {
  const std::int64_t of_scale = shape.scale == "width" ? shape.width : shape.width / shape.heads;
  attention_ = register_module(
      "self_attn", SelfAttention(SelfAttentionOptions{
                       .width = shape.width, .heads = shape.heads, .factor = 1 / std::sqrt(static_cast<double>(of_scale))}));
  linear1_ = register_module("linear1", torch::nn::Linear(shape.width, shape.feed_forward_width()));
  linear2_ = register_module("linear2", torch::nn::Linear(shape.feed_forward_width(), shape.width));
  norm1_ = register_module("norm1", torch::nn::LayerNorm(torch::nn::LayerNormOptions({shape.width})));
  norm2_ = register_module("norm2", torch::nn::LayerNorm(torch::nn::LayerNormOptions({shape.width})));
}

torch::Tensor LatentEncoderLayerImpl::finish(const torch::Tensor& x, const torch::Tensor& attended, const LayerDropout& dropout) {
  const torch::Tensor y = norm1_(x + dropped(attended, dropout, 1));
  const torch::Tensor hidden = relu_dropout(linear1_(y), dropout.probability, mix_bits(dropout.key + 2));
  return norm2_(y + dropped(linear2_(hidden), dropout, 3));
}

torch::Tensor LatentEncoderLayerImpl::forward(const torch::Tensor& x, const LayerDropout& dropout) {
  return finish(x, attention_->forward(x, dropout), dropout);
}

torch::Tensor LatentEncoderLayerImpl::of_numbers(const torch::Tensor& x, const torch::Tensor& slope, const torch::Tensor& offset,
                                                 const LayerDropout& dropout) {
  return finish(affine_tokens(x, slope, offset), attention_->of_numbers(x, slope, offset, dropout), dropout);
}

LatentTransformer::LatentTransformer(const LatentTransformerShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
  if (shape_.heads < 1 || shape_.width % shape_.heads != 0)
    throw UsageError({.where = "Transformer on the latent",
                      .found = std::to_string(shape_.heads) + " heads for a width of " + std::to_string(shape_.width),
                      .expected = "a number of heads that divides the width",
                      .advice = ""});
  if (shape_.scale != "head" && shape_.scale != "width")
    throw UsageError({.where = "Transformer on the latent",
                      .found = "scale '" + shape_.scale + "'",
                      .expected = "'head' or 'width'",
                      .advice = ""});
  torch::manual_seed(seed);
  token_ = register_module("token", torch::nn::Linear(1, shape_.width));
  if (shape_.positions) position_ = register_parameter("position", torch::randn({shape_.n_latent, shape_.width}));
  for (std::int64_t layer = 0; layer < shape_.layers; ++layer)
    layers_.push_back(register_module("layer" + std::to_string(layer), LatentEncoderLayer(shape_)));
  for (std::size_t h = 0; h < shape_.head_logits.size(); ++h)
    heads_.push_back(register_module("head" + std::to_string(h), torch::nn::Linear(shape_.width, shape_.head_logits[h])));
}

torch::Tensor LatentTransformer::embed(const torch::Tensor& latents, std::uint64_t step) {
  if (latents.dim() != 2 || latents.size(1) != shape_.n_latent)
    throw DataError({.where = "Transformer on the latent",
                     .found = std::to_string(latents.dim() == 2 ? latents.size(1) : 0) + " coordinates a cell",
                     .expected = std::to_string(shape_.n_latent),
                     .advice = "use the latent of the autoencoder that the net was made for"});
  const torch::Tensor slope = token_->weight.view({shape_.width});
  const torch::Tensor offset = shape_.positions ? position_ + token_->bias : token_->bias.unsqueeze(0);
  torch::Tensor x;  // [cells, tokens, width]
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    const LayerDropout dropout{.probability = is_training() ? shape_.dropout : 0,
                               .key = Random(seed_, "transformer dropout", std::to_string(layer), step)()};
    x = layer == 0 ? layers_[layer]->of_numbers(latents, slope, offset, dropout) : layers_[layer]->forward(x, dropout);
  }
  return (layers_.empty() ? affine_tokens(latents, slope, offset) : x).mean(1);
}

std::vector<torch::Tensor> LatentTransformer::forward(const torch::Tensor& latents, std::uint64_t step) {
  const torch::Tensor seen = embed(latents, step);
  std::vector<torch::Tensor> logits;
  for (auto& head : heads_) logits.push_back(head(seen));
  return logits;
}

}  // namespace cellverdict
