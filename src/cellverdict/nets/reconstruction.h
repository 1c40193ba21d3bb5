#pragma once
// The error of a linear layer that reconstructs sparse cells, x̂ = h Wᵀ + b, without x̂: with A = hᵀh and B = WᵀW,
//   Σ_ij (x̂_ij − x_ij)² = Σ A∘B + 2 (Σ_i h_i)·(Wᵀb) + n Σ b² − 2 Σ_ij x_ij x̂_ij + Σ x²
// and the sum over x needs its non-zeros alone (Vincent, de Brébisson, Bouthillier 2015). The cost is that of two sparse products
// and G H² instead of n G H, and no number is kept for a gene and a cell that does not have it. Exact but for rounding.

#include <cellverdict/nets/first_layer.h>

#include <torch/torch.h>

#include <vector>

namespace cellverdict {

// The last layer of a decoder and what it sees.
struct LinearReconstruction {
  torch::Tensor hidden;  // [n, width]
  torch::Tensor weight;  // [genes, width]
  torch::Tensor bias;    // [genes]
};

// Mean over cells and genes of (x̂ − x)², with gradients of all three; sums of many numbers are in double. The batch must outlive
// the backward pass.
torch::Tensor sparse_mean_squared_error(const CellBatch& cells, const LinearReconstruction& r);

// The same through a dense x̂, for batches of a net on a device and as the definition in tests.
torch::Tensor dense_mean_squared_error(const CellBatch& cells, const LinearReconstruction& r);

// Squared errors summed, in double; no gradient.
struct SquaredErrors {
  std::vector<double> of_gene;  // [genes] over the cells
  std::vector<double> of_cell;  // [n] over the genes
};
SquaredErrors squared_errors(const CellBatch& cells, const LinearReconstruction& r);

}  // namespace cellverdict
