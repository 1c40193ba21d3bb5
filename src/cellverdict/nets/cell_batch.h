#pragma once
// A minibatch of prepared cells, and its products with dense tensors on LibTorch's threads; without gradients.

#include <cellverdict/table/csr.h>

#include <torch/torch.h>

#include <cstdint>

namespace cellverdict {

enum class FirstLayerKernel { sparse, dense };

// How to multiply it is part of it.
struct CellBatch {
  const CsrBlock& cells;  // [n, genes]
  FirstLayerKernel kernel = FirstLayerKernel::dense;
  int threads = 1;
};

torch::Tensor cells_times(const CellBatch& x, const torch::Tensor& w);  // x · w, w [genes, width] → [n, width]
torch::Tensor genes_times(const CellBatch& x, const torch::Tensor& h,
                          std::int64_t n_genes);                   // xᵀ · h, h [n, width] → [genes, width]
torch::Tensor dense_of(const CellBatch& x, std::int64_t n_genes);  // [n, genes]

}  // namespace cellverdict
