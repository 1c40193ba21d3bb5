#pragma once
// The dense autoencoder of the blood-lineage study (paper §3.1): genes → (Linear – BatchNorm – ReLU) × hidden → latent, and back
// through the same widths to a linear output. Trained on the mean squared error over cells and genes. Never makes cells × genes.

#include <cellverdict/nets/first_layer.h>
#include <cellverdict/nets/reconstruction.h>

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct AutoencoderShape {
  std::int64_t n_genes = 0;
  std::vector<std::int64_t> hidden = {512};  // of the encoder, first to last; the decoder has them the other way round
  std::int64_t latent = 256;
  std::string latent_activation = "linear";  // or "relu"
};

class Autoencoder : public torch::nn::Module {
 public:
  // Weights as torch::nn::Linear draws them, from `seed` alone.
  Autoencoder(const AutoencoderShape& shape, std::uint64_t seed);

  torch::Tensor encode(const CellBatch& cells);              // [n, latent]
  LinearReconstruction decode(const torch::Tensor& latent);  // up to the output, which is not computed
  torch::Tensor reconstruct(const torch::Tensor& latent);    // [n, genes]
  // Mean squared error of what `seen` is encoded to and `target` is; the same cells, of `seen` perhaps with values dropped.
  torch::Tensor loss(const CellBatch& seen, const CellBatch& target);

  const AutoencoderShape& shape() const { return shape_; }

 private:
  AutoencoderShape shape_;
  FirstLayer first_{nullptr};  // to the first hidden layer, or to the latent one
  std::vector<torch::nn::Linear> encoder_, decoder_;
  std::vector<torch::nn::BatchNorm1d> encoder_norms_, decoder_norms_;
  torch::nn::Linear output_{nullptr};
};

// Without some of the non-zero values, the others made larger by as much: zeros are no measurements that could be dropped. A
// function of key alone.
CsrBlock drop_values(const CsrBlock& cells, double probability, std::uint64_t key);

}  // namespace cellverdict
