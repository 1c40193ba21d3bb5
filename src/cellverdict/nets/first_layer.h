#pragma once
// genes → width, from sparse cells. The weight is stored [genes, width], so that one gene's weights lie together for the sparse
// kernel. The product is sparse below a density of about a fifth and dense above it (measured: dense matrix products win there).

#include <cellverdict/table/csr.h>

#include <torch/torch.h>

namespace cellverdict {

enum class FirstLayerKernel { sparse, dense };

// A minibatch of prepared cells and how to multiply it.
struct CellBatch {
  const CsrBlock& cells;  // [n, genes]
  FirstLayerKernel kernel = FirstLayerKernel::dense;
  int threads = 1;
};

class FirstLayerImpl : public torch::nn::Module {
 public:
  FirstLayerImpl(std::int64_t n_genes, std::int64_t width);
  torch::Tensor forward(const CellBatch& batch);  // [n, width]

 private:
  torch::Tensor weight_;  // [genes, width]
  torch::Tensor bias_;    // [width]
};
TORCH_MODULE(FirstLayer);

// Inverted dropout whose mask is a function of (key, element): no generator state to save, the same after a resume, and several
// times faster than the library's (11 to 16 ns an element, measured).
torch::Tensor counter_dropout(const torch::Tensor& x, double probability, std::uint64_t key);

}  // namespace cellverdict
