#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/nets/dropout.h>
#include <cellverdict/nets/graph_conv.h>
#include <cellverdict/nets/torch_threads.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cellverdict {

namespace {

struct AdjacencyLists {
  std::span<const std::int64_t> offsets;
  std::span<const std::int32_t> neighbours;
  std::span<const double> scale;
  int threads = 1;
  std::int64_t n_cells() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

// Columns [column, column + kWidth) of x and y, both [cells, width], as far as there are any.
template <class T>
struct ColumnBlock {
  const T* x = nullptr;
  T* y = nullptr;
  std::int64_t width = 0, column = 0;
};

// A cell has up to a thousand neighbours anywhere in memory: a few columns of all cells, packed, are what fits a cache.
template <class T, std::int64_t kWidth>
void spread_columns(const AdjacencyLists& graph, const ColumnBlock<T>& block, std::vector<T>& packed) {
  const std::int64_t n = graph.n_cells(), used = std::min(kWidth, block.width - block.column);
  packed.assign(static_cast<std::size_t>(n * kWidth), T{0});
  T* const of = packed.data();
  divide_as_torch(n, graph.threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t c = 0; c < used; ++c)
        of[i * kWidth + c] = static_cast<T>(graph.scale[i]) * block.x[i * block.width + block.column + c];
  });
  divide_as_torch(n, graph.threads, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kAhead = 16;
    const std::int32_t *const first = graph.neighbours.data(), *const last = first + graph.neighbours.size();
    for (std::int64_t i = begin; i < end; ++i) {
      std::array<T, kWidth> sums;
      for (std::int64_t c = 0; c < kWidth; ++c) sums[c] = of[i * kWidth + c];
      for (const std::int32_t* j = first + graph.offsets[i]; j < first + graph.offsets[i + 1]; ++j) {
        if (j + kAhead < last) __builtin_prefetch(of + std::int64_t{j[kAhead]} * kWidth);
        const T* const from = of + std::int64_t{*j} * kWidth;
        for (std::int64_t c = 0; c < kWidth; ++c) sums[c] += from[c];
      }
      for (std::int64_t c = 0; c < used; ++c)
        block.y[i * block.width + block.column + c] = static_cast<T>(graph.scale[i]) * sums[c];
    }
  });
}

template <class T>
torch::Tensor spread(const AdjacencyLists& graph, const torch::Tensor& x) {
  const torch::Tensor whole = x.contiguous();
  torch::Tensor y = torch::empty(whole.sizes(), whole.options());
  ColumnBlock<T> block{.x = whole.const_data_ptr<T>(), .y = y.mutable_data_ptr<T>(), .width = whole.size(1)};
  std::vector<T> packed;
  while (block.column < block.width) {
    const std::int64_t left = block.width - block.column;
    if (left > 8) {
      spread_columns<T, 16>(graph, block, packed);
      block.column += 16;
    } else if (left > 4) {
      spread_columns<T, 8>(graph, block, packed);
      block.column += 8;
    } else {
      spread_columns<T, 4>(graph, block, packed);
      block.column += 4;
    }
  }
  return y;
}

}  // namespace

NormalisedAdjacency::NormalisedAdjacency(std::span<const std::int64_t> offsets, std::span<const std::int32_t> neighbours,
                                         int threads)
    : offsets_(offsets), neighbours_(neighbours), threads_(threads) {
  const bool whole = !offsets.empty() && offsets.front() == 0 && offsets.back() == std::ssize(neighbours) &&
                     std::is_sorted(offsets.begin(), offsets.end());
  const auto known = [&](std::int32_t j) { return j >= 0 && j < std::ssize(offsets) - 1; };
  if (!whole || !std::all_of(neighbours.begin(), neighbours.end(), known))
    throw InternalError({.where = "graph of cells",
                         .found = std::to_string(neighbours.size()) + " neighbours in lists that do not fit together",
                         .expected = "lists of cells of the graph",
                         .advice = ""});
  scale_.reserve(offsets.size() - 1);
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    scale_.push_back(1 / std::sqrt(static_cast<double>(offsets[i + 1] - offsets[i] + 1)));
}

torch::Tensor NormalisedAdjacency::on_device(const torch::Tensor& x) const {
  if (far_.empty() || far_[0].device() != x.device()) {
    // from_blob only reads here: the copies are made at once.
    const auto rows = torch::from_blob(const_cast<std::int64_t*>(offsets_.data()), {std::ssize(offsets_)}, torch::kInt64);
    const auto columns = torch::from_blob(const_cast<std::int32_t*>(neighbours_.data()), {std::ssize(neighbours_)}, torch::kInt32);
    const auto scale = torch::from_blob(const_cast<double*>(scale_.data()), {std::ssize(scale_)}, torch::kFloat64);
    far_ = {rows.to(x.device()), columns.to(x.device(), torch::kInt64), scale.to(x.device()).unsqueeze(1)};
  }
  const torch::Tensor scale = far_[2].to(x.scalar_type()), scaled = x * scale;
  const torch::Tensor ones = torch::ones({far_[1].size(0)}, x.options());
  const torch::Tensor lists = torch::sparse_csr_tensor(far_[0], far_[1], ones, {n_cells(), n_cells()}, x.options());
  return scale * (torch::matmul(lists, scaled) + scaled);
}

torch::Tensor NormalisedAdjacency::without_gradient(const torch::Tensor& x) const {
  const AdjacencyLists lists{offsets_, neighbours_, scale_, threads_};
  if (x.is_cpu() && x.scalar_type() == torch::kFloat32) return spread<float>(lists, x);
  if (x.is_cpu() && x.scalar_type() == torch::kFloat64) return spread<double>(lists, x);
  return on_device(x);
}

// The matrix is symmetric: the gradient is the same product.
class SpreadOverGraph : public torch::autograd::Function<SpreadOverGraph> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const NormalisedAdjacency* graph) {
    context->saved_data["graph"] = reinterpret_cast<std::int64_t>(graph);
    return graph->without_gradient(x);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto* graph = reinterpret_cast<const NormalisedAdjacency*>(context->saved_data["graph"].toInt());
    return {graph->without_gradient(gradients[0]), torch::Tensor()};
  }
};

torch::Tensor NormalisedAdjacency::times(const torch::Tensor& x) const {
  if (x.dim() != 2 || x.size(0) != n_cells())
    throw DataError({.where = "graph of cells",
                     .found = std::to_string(x.size(0)) + " cells",
                     .expected = "the " + std::to_string(n_cells()) + " that the graph was made of",
                     .advice = ""});
  return SpreadOverGraph::apply(x, this);
}

GraphConv::GraphConv(const GraphConvShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
  torch::manual_seed(seed);
  std::int64_t n_logits = 0;
  for (const std::int64_t n : shape_.head_logits) n_logits += n;
  for (std::int64_t layer = 0; layer < shape_.layers; ++layer) {
    const std::string number = std::to_string(layer);
    const std::int64_t in = layer == 0 ? shape_.n_features : shape_.hidden,
                       out = layer + 1 < shape_.layers ? shape_.hidden : n_logits;
    weights_.push_back(register_parameter("weight" + number, torch::nn::init::xavier_uniform_(torch::empty({in, out}))));
    if (shape_.bias) biases_.push_back(register_parameter("bias" + number, torch::zeros({out})));
  }
}

void GraphConv::check(const torch::Tensor& features, const NormalisedAdjacency& graph) const {
  const bool table = features.dim() == 2;
  if (!table || features.size(1) != shape_.n_features || features.size(0) != graph.n_cells())
    throw DataError({.where = "graph convolutional net",
                     .found = table
                                  ? std::to_string(features.size(0)) + " cells of " + std::to_string(features.size(1)) + " features"
                                  : "no table of cells",
                     .expected = std::to_string(graph.n_cells()) + " cells, as in the graph, of " +
                                 std::to_string(shape_.n_features) + " features, as the net was made for",
                     .advice = ""});
}

std::vector<torch::Tensor> GraphConv::finish(torch::Tensor x, const NormalisedAdjacency& graph, std::uint64_t step) {
  for (std::size_t layer = 0; layer < weights_.size(); ++layer) {
    if (layer > 0) {
      const double dropout = is_training() ? shape_.dropout : 0;
      x = relu_dropout(x, dropout, Random(seed_, "graph dropout", std::to_string(layer), step)());
      x = graph.times(torch::mm(x, weights_[layer]));
    }
    if (shape_.bias) x = x + biases_[layer];
  }
  return x.split_with_sizes(shape_.head_logits, 1);
}

std::vector<torch::Tensor> GraphConv::forward(const torch::Tensor& features, const NormalisedAdjacency& graph, std::uint64_t step) {
  check(features, graph);
  // The narrower of the two is spread.
  const bool features_first = weights_[0].size(0) <= weights_[0].size(1);
  return finish(features_first ? torch::mm(graph.times(features), weights_[0]) : graph.times(torch::mm(features, weights_[0])),
                graph, step);
}

std::vector<torch::Tensor> GraphConv::forward_spread(const torch::Tensor& spread, const NormalisedAdjacency& graph,
                                                     std::uint64_t step) {
  check(spread, graph);
  return finish(torch::mm(spread, weights_[0]), graph, step);
}

}  // namespace cellverdict
