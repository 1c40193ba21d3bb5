#include <cellverdict/train/latent_nets.h>

#include <cellverdict/encode/cell_graph.h>
#include <cellverdict/nets/graph_conv.h>
#include <cellverdict/nets/latent_transformer.h>

#include <fmt/format.h>

#include <deque>
#include <utility>

namespace cellverdict {

namespace {

std::vector<std::int64_t> logits_of_heads(const ModelCard& card) {
  std::vector<std::int64_t> n;
  for (const auto& head : card.heads) n.push_back(head.n_logits());
  return n;
}

// Rows that have all their numbers, as a matrix. Shares the memory of the batch.
torch::Tensor matrix_of(const CellBatch& cells) {
  const std::int64_t n = cells.cells.n_rows();
  const auto size = static_cast<std::int64_t>(cells.cells.values.size());
  return torch::from_blob(const_cast<float*>(cells.cells.values.data()), {n, n > 0 ? size / n : 0});
}

class TransformerNet : public CellNet {
 public:
  TransformerNet(const LatentTransformerShape& shape, std::uint64_t seed)
      : net_(register_module("transformer", std::make_shared<LatentTransformer>(shape, seed))) {}

  std::vector<torch::Tensor> forward(const CellBatch& cells, std::uint64_t step) override {
    return net_->forward(matrix_of(cells), step);
  }

 private:
  std::shared_ptr<LatentTransformer> net_;
};

class GraphNet : public CellNet {
 public:
  GraphNet(const GraphConvShape& shape, CellGraphOptions graph, std::uint64_t seed)
      : graph_options_(std::move(graph)), net_(register_module("graph", std::make_shared<GraphConv>(shape, seed))) {}

  std::vector<torch::Tensor> forward(const CellBatch& cells, std::uint64_t step) override {
    const Known& known = graph_of(cells);
    return net_->forward_spread(known.spread, known.adjacency, step);
  }

  std::vector<std::string> take_notes() override { return std::exchange(notes_, {}); }

 private:
  struct Known {
    torch::Tensor cells;  // what the graph was made of
    CellGraph graph;
    NormalisedAdjacency adjacency;
    torch::Tensor spread;  // the cells spread over their graph
    Known(const torch::Tensor& of, CellGraph made, int threads)
        : cells(of.clone()),
          graph(std::move(made)),
          adjacency(graph.offsets, graph.neighbours, threads),
          spread(adjacency.times(of)) {}
  };

  const Known& graph_of(const CellBatch& batch) {
    constexpr std::size_t kMostKept = 2;  // the training and the validation cells
    const torch::Tensor cells = matrix_of(batch);
    for (const auto& known : known_)
      if (known.cells.sizes() == cells.sizes() && torch::equal(known.cells, cells)) return known;
    if (known_.size() == kMostKept) known_.pop_front();
    RunContext context;
    context.threads = batch.threads;
    CellGraphOptions asked = graph_options_;
    if (asked.cap_by == "total") asked.cap *= std::max<std::int64_t>(cells.size(0) / 2, 1);  // pairs, each of two cells
    CellGraph graph =
        make_cell_graph(context, {cells.const_data_ptr<float>(), static_cast<std::size_t>(cells.numel())}, cells.size(1), asked);
    notes_.push_back("Graph of " + counted(graph.n_cells(), "cell") + ": " + counted(graph.n_edges(), "edge") + ".");
    notes_.insert(notes_.end(), graph.notes.begin(), graph.notes.end());
    return known_.emplace_back(cells, std::move(graph), batch.threads);
  }

  CellGraphOptions graph_options_;
  std::shared_ptr<GraphConv> net_;
  std::vector<std::string> notes_;
  std::deque<Known> known_;  // adjacencies look into it: elements never move
};

}  // namespace

std::shared_ptr<CellNet> make_transformer_net(const ModelCard& card) {
  const TransformerOptions& o = card.model.transformer;
  return std::make_shared<TransformerNet>(LatentTransformerShape{.n_latent = card.model.autoencoder.latent,
                                                                 .width = o.width,
                                                                 .heads = o.heads,
                                                                 .layers = o.layers,
                                                                 .feed_forward = o.feed_forward,
                                                                 .dropout = card.model.dropout,
                                                                 .positions = o.positions,
                                                                 .scale = o.scale,
                                                                 .head_logits = logits_of_heads(card)},
                                          card.train.seed);
}

std::shared_ptr<CellNet> make_graph_net(const ModelCard& card) {
  const GraphOptions& o = card.model.graph;
  return std::make_shared<GraphNet>(
      GraphConvShape{.n_features = card.model.autoencoder.latent,
                     .hidden = o.width,
                     .dropout = card.model.dropout,
                     .head_logits = logits_of_heads(card)},
      CellGraphOptions{
          .threshold = o.threshold, .cap_by = o.cap_by, .cap = o.neighbours, .search = o.approximate ? "approximate" : "exact"},
      card.train.seed);
}

}  // namespace cellverdict
