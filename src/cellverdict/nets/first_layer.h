#pragma once
// genes → width, from sparse cells. The weight is stored [genes, width], so that one gene's weights lie together for the sparse
// kernel.

#include <cellverdict/nets/cell_batch.h>

namespace cellverdict {

// Share of non-zeros from which the dense product is the faster one. Measured with bench/kernels.py --only crossover on an AMD EPYC
// (Zen 4), one thread, CPU time of product and weight gradient together, 256 cells → 512: with 1,000 genes sparse 1.14 times
// as fast at 0.4 and 0.94 times at 0.5; with 8,000 genes 1.03 times at 0.4 and 0.82 times at 0.5.
constexpr double kDenseFrom = 0.4;

struct FirstLayerOptions {
  bool bias = true;  // of no use where a BatchNorm follows, which takes it away again
};

class FirstLayerImpl : public torch::nn::Module {
 public:
  FirstLayerImpl(std::int64_t n_genes, std::int64_t width, const FirstLayerOptions& options = {});
  torch::Tensor forward(const CellBatch& batch);   // [n, width]
  torch::Tensor of_dense(const torch::Tensor& x);  // x [n, genes]
  torch::Tensor weight() const { return weight_; }
  torch::Tensor bias() const { return bias_; }  // undefined without one

 private:
  torch::Tensor weight_;  // [genes, width]
  torch::Tensor bias_;    // [width]; undefined without one
};
TORCH_MODULE(FirstLayer);

}  // namespace cellverdict
