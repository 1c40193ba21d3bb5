#pragma once
// The net behind an Encoder; inside the torch rooms only.

#include <cellverdict/nets/autoencoder.h>
#include <cellverdict/train/encoder.h>

#include <memory>

namespace cellverdict {

struct Encoder::Parts {
  std::shared_ptr<Autoencoder> net;
};

std::shared_ptr<Autoencoder> make_autoencoder(const AutoencoderOptions& options, std::int64_t n_genes, std::uint64_t seed);

// Sparse below kDenseFrom, by the cells themselves.
CellBatch batch_of(const CsrBlock& cells, std::int64_t n_genes, int threads);

// Latents of prepared cells, [n, latent], no gradient.
torch::Tensor encode_block(const RunContext& context, Autoencoder& net, const CsrBlock& prepared);
// The same as rows for a net that reads them.
CsrBlock full_rows(const torch::Tensor& latents);

}  // namespace cellverdict
