#pragma once
// The graph convolutional network of the blood-lineage study (Bo, Gu & Sun, §3.4, equation 5; Kipf & Welling 2017):
// H' = ReLU(D̂^-1/2 Â D̂^-1/2 H W + b) with Â = A + I, dropout between the layers, and no ReLU after the last one, whose outputs are
// the logits of all heads. Stands between the graph of cells (encode/cell_graph.h) and the loss.
//
// Transductive: one graph of all cells, and the loss of the training cells alone. Inductive: a graph of training cells to train on,
// another one, of any cells, to predict. Which cells an edge joins is never a matter of labels, in both.

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

// D̂^-1/2 Â D̂^-1/2 of an unweighted, undirected graph. Lists the neighbours of the graph it was made of, which must outlive it and
// the backward pass; nothing else grows with the number of edges (on a graphics card, a copy of them does).
class NormalisedAdjacency {
 public:
  // Cell i has the neighbours [offsets[i], offsets[i + 1]) of `neighbours`: ascending, each of them having i in turn, never i
  // itself. Throws InternalError for lists that do not fit together; that they are symmetric is not looked at.
  NormalisedAdjacency(std::span<const std::int64_t> offsets, std::span<const std::int32_t> neighbours, int threads);

  std::int64_t n_cells() const { return static_cast<std::int64_t>(offsets_.size()) - 1; }
  // x [cells, width] → the same of x spread over the graph; float32 and float64, or anything on a graphics card. Has a gradient.
  // Any number of threads gives the same bytes.
  torch::Tensor times(const torch::Tensor& x) const;

 private:
  torch::Tensor without_gradient(const torch::Tensor& x) const;
  torch::Tensor on_device(const torch::Tensor& x) const;

  std::span<const std::int64_t> offsets_;
  std::span<const std::int32_t> neighbours_;
  int threads_;
  std::vector<double> scale_;               // [cells] 1 / √(neighbours + 1)
  mutable std::vector<torch::Tensor> far_;  // its rows, columns and values on a graphics card, once asked for
  friend class SpreadOverGraph;
};

struct GraphConvShape {
  std::int64_t n_features = 256;
  std::int64_t hidden = 128;
  std::int64_t layers = 2;
  double dropout = 0.3;                   // of what each layer but the first sees
  bool bias = true;                       // as in the code that came with Kipf & Welling; equation 5 writes none
  std::vector<std::int64_t> head_logits;  // [heads] 1 for two classes, else the number of classes
};

class GraphConv : public torch::nn::Module {
 public:
  // Weights as Kipf & Welling draw them (Glorot & Bengio), biases 0, from `seed` alone.
  GraphConv(const GraphConvShape& shape, std::uint64_t seed);

  // features [cells, n_features] → logits per head, [cells, head_logits], of all cells. `step` numbers the dropout masks of a
  // training step; not used when evaluating. Throws DataError for features of another width or number than the net or the graph
  // has.
  std::vector<torch::Tensor> forward(const torch::Tensor& features, const NormalisedAdjacency& graph, std::uint64_t step);
  // The same from spread = graph.times(features). Features do not change while a net is trained: spread once, the widest of the
  // products is done for all epochs.
  std::vector<torch::Tensor> forward_spread(const torch::Tensor& spread, const NormalisedAdjacency& graph, std::uint64_t step);
  const GraphConvShape& shape() const { return shape_; }

 private:
  void check(const torch::Tensor& features, const NormalisedAdjacency& graph) const;
  // From what the first layer gives, [cells, its width], to the logits.
  std::vector<torch::Tensor> finish(torch::Tensor x, const NormalisedAdjacency& graph, std::uint64_t step);

  GraphConvShape shape_;
  std::uint64_t seed_;
  std::vector<torch::Tensor> weights_;  // [layers] of [in, out]
  std::vector<torch::Tensor> biases_;   // [layers] of [out]; none without
};

}  // namespace cellverdict
