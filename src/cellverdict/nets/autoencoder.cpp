#include <cellverdict/base/random.h>
#include <cellverdict/nets/autoencoder.h>

namespace cellverdict {

Autoencoder::Autoencoder(const AutoencoderShape& shape, std::uint64_t seed) : shape_(shape) {
  torch::manual_seed(seed);
  const auto linear = [this](const std::string& name, std::int64_t from, std::int64_t to) {
    return register_module(name, torch::nn::Linear(from, to));
  };
  const auto norm = [this](const std::string& name, std::int64_t width) {
    return register_module(name, torch::nn::BatchNorm1d(width));
  };
  const auto depth = static_cast<std::int64_t>(shape_.hidden.size());
  const std::int64_t latent = shape_.latent;
  first_ = register_module("encoder0", FirstLayer(shape_.n_genes, depth == 0 ? latent : shape_.hidden[0]));
  for (std::int64_t i = 0; i < depth; ++i) {
    const std::string number = std::to_string(i);
    encoder_norms_.push_back(norm("encoder_norm" + number, shape_.hidden[i]));
    encoder_.push_back(linear("encoder" + std::to_string(i + 1), shape_.hidden[i], i + 1 < depth ? shape_.hidden[i + 1] : latent));
  }
  for (std::int64_t i = 0; i < depth; ++i) {
    const std::string number = std::to_string(i);
    const std::int64_t width = shape_.hidden[depth - 1 - i];
    decoder_.push_back(linear("decoder" + number, i == 0 ? latent : shape_.hidden[depth - i], width));
    decoder_norms_.push_back(norm("decoder_norm" + number, width));
  }
  output_ = linear("output", depth == 0 ? latent : shape_.hidden[0], shape_.n_genes);
}

torch::Tensor Autoencoder::encode(const CellBatch& cells) {
  torch::Tensor x = first_(cells);
  for (std::size_t i = 0; i < encoder_.size(); ++i) x = encoder_[i](torch::relu(encoder_norms_[i](x)));
  return shape_.latent_activation == "relu" ? torch::relu(x) : x;
}

LinearReconstruction Autoencoder::decode(const torch::Tensor& latent) {
  torch::Tensor x = latent;
  for (std::size_t i = 0; i < decoder_.size(); ++i) x = torch::relu(decoder_norms_[i](decoder_[i](x)));
  return {.hidden = x, .weight = output_->weight, .bias = output_->bias};
}

torch::Tensor Autoencoder::reconstruct(const torch::Tensor& latent) {
  return output_(decode(latent).hidden);
}

torch::Tensor Autoencoder::loss(const CellBatch& seen, const CellBatch& target) {
  const LinearReconstruction r = decode(encode(seen));
  const bool on_cpu = r.weight.device().is_cpu() && r.weight.scalar_type() == torch::kFloat32;
  return target.kernel == FirstLayerKernel::sparse && on_cpu ? sparse_mean_squared_error(target, r)
                                                             : dense_mean_squared_error(target, r);
}

CsrBlock drop_values(const CsrBlock& cells, double probability, std::uint64_t key) {
  CsrBlock kept;
  Random random(key, "drop values");
  const auto scale = static_cast<float>(1 / (1 - probability));
  for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
    const CsrRow row = cells.row(i);
    for (std::size_t k = 0; k < row.genes.size(); ++k)
      if (random.uniform() >= probability) kept.push(row.genes[k], row.values[k] * scale);
    kept.end_row();
  }
  return kept;
}

}  // namespace cellverdict
