#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/nets/graph_conv.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

using namespace cellverdict;

namespace {

struct Lists {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> neighbours;
};

// Neighbour lists of an undirected graph given as [n, n] of 0 and 1.
Lists lists_of(const torch::Tensor& adjacency) {
  Lists out;
  for (std::int64_t i = 0; i < adjacency.size(0); ++i) {
    for (std::int64_t j = 0; j < adjacency.size(1); ++j)
      if (adjacency[i][j].item<float>() > 0) out.neighbours.push_back(static_cast<std::int32_t>(j));
    out.offsets.push_back(std::ssize(out.neighbours));
  }
  return out;
}

// A random graph whose cell 4 has no edge.
torch::Tensor random_graph(std::int64_t n, double density) {
  torch::manual_seed(2);
  torch::Tensor a = (torch::rand({n, n}) < density).to(torch::kFloat64).triu(1);
  a = a + a.t();
  a.index_put_({4}, 0);
  a.index_put_({torch::indexing::Slice(), 4}, 0);
  return a;
}

torch::Tensor dense_normalised(const torch::Tensor& adjacency) {
  const torch::Tensor with_self = adjacency + torch::eye(adjacency.size(0), adjacency.options());
  const torch::Tensor root = with_self.sum(1).rsqrt();
  return root.unsqueeze(1) * with_self * root;
}

torch::Tensor graph_score(const std::vector<torch::Tensor>& logits) {
  torch::Tensor total = torch::zeros({}, logits[0].options());
  for (const auto& head : logits)
    total = total + (head * torch::cos(torch::arange(head.numel()).to(head.options()).view(head.sizes()))).sum();
  return total;
}

double off(const torch::Tensor& a, const torch::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

const GraphConvShape kSmallGraphNet = {.n_features = 21, .hidden = 19, .layers = 2, .dropout = 0, .head_logits = {1, 4}};

}  // namespace

TEST_CASE("a graph net equals equation 5 on dense matrices, in its values and its gradients, for every width") {
  constexpr std::int64_t kCells = 60;
  const torch::Tensor adjacency = random_graph(kCells, 0.2), spread = dense_normalised(adjacency);
  const Lists lists = lists_of(adjacency);
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, 2);
  for (const auto kind : {torch::kFloat64, torch::kFloat32})
    for (const std::int64_t features : {3, 21, 40})
      for (const std::int64_t layers : {1, 2, 3}) {
        CAPTURE(features);
        CAPTURE(layers);
        GraphConvShape shape = kSmallGraphNet;
        shape.n_features = features;
        shape.layers = layers;
        GraphConv net(shape, 5);
        net.to(kind);
        {
          const torch::NoGradGuard no_gradient;  // biases begin at 0, which would hide one that is left out
          for (auto& item : net.named_parameters()) item.value() += 0.2 * torch::randn(item.value().sizes()).to(kind);
        }
        torch::Tensor x = torch::randn({kCells, features}).to(kind).requires_grad_();
        const auto logits = net.forward(x, graph, 0);
        REQUIRE(logits.size() == 2);
        graph_score(logits).backward();
        torch::Tensor dense_x = x.detach().to(torch::kFloat64).requires_grad_(), h = dense_x;
        std::vector<torch::Tensor> parameters;
        for (const auto& item : net.named_parameters())
          parameters.push_back(item.value().detach().to(torch::kFloat64).requires_grad_());
        for (std::int64_t layer = 0; layer < layers; ++layer) {
          h = torch::mm(torch::mm(spread, h), parameters[2 * layer]) + parameters[2 * layer + 1];
          if (layer + 1 < layers) h = torch::relu(h);
        }
        const auto expected = h.split_with_sizes({1, 4}, 1);
        graph_score(expected).backward();
        const double tolerance = kind == torch::kFloat64 ? 1e-10 : 1e-4;
        for (std::size_t k = 0; k < 2; ++k) CHECK(off(logits[k], expected[k]) < tolerance * 10);
        CHECK(off(x.grad(), dense_x.grad()) < tolerance * 10);
        const auto named = net.named_parameters();
        for (std::size_t p = 0; p < named.size(); ++p) {
          const torch::Tensor theirs = parameters[p].grad();
          CHECK(off(named[p].value().grad(), theirs) < tolerance * (10 + theirs.abs().max().item<double>()));
        }
        const torch::NoGradGuard no_gradient;
        const auto once = net.forward_spread(graph.times(x), graph, 0);
        for (std::size_t k = 0; k < 2; ++k) CHECK(off(once[k], expected[k]) < tolerance * 10);
      }
}

TEST_CASE("cells of a graph in another order have their logits in that order") {
  constexpr std::int64_t kCells = 40;
  const torch::Tensor adjacency = random_graph(kCells, 0.3), order = torch::randperm(kCells);
  const Lists lists = lists_of(adjacency), moved_lists = lists_of(adjacency.index_select(0, order).index_select(1, order));
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, 1), moved(moved_lists.offsets, moved_lists.neighbours, 1);
  GraphConv net(kSmallGraphNet, 5);
  const torch::Tensor x = torch::randn({kCells, 21});
  const auto here = net.forward(x, graph, 0), there = net.forward(x.index_select(0, order), moved, 0);
  for (std::size_t k = 0; k < 2; ++k) CHECK(off(there[k], here[k].index_select(0, order)) < 1e-5);
  CHECK(off(here[1], net.forward(x, moved, 0)[1]) > 1e-2);  // the edges matter
}

TEST_CASE("an isolated cell is judged from its own features, and no other cell's logits change with them") {
  const torch::Tensor adjacency = random_graph(30, 0.3);
  const Lists lists = lists_of(adjacency);
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, 1);
  GraphConv net(kSmallGraphNet, 5);
  torch::Tensor x = torch::randn({30, 21});
  CHECK(torch::equal(graph.times(x)[4], x[4]));
  const auto before = net.forward(x, graph, 0)[1];
  const std::vector<std::int64_t> alone = {0, 0};
  const NormalisedAdjacency one(alone, {}, 1);
  CHECK(off(net.forward(x.narrow(0, 4, 1), one, 0)[1][0], before[4]) < 1e-5);
  const torch::NoGradGuard no_gradient;
  x[4] += 10;
  const auto after = net.forward(x, graph, 0)[1];
  CHECK(off(after[4], before[4]) > 0.1);
  CHECK(torch::equal(after.narrow(0, 5, 25), before.narrow(0, 5, 25)));
}

TEST_CASE("any number of threads gives the same bytes through the graph, and weights come from the seed alone") {
  const Lists lists = lists_of(random_graph(50, 0.3));
  const NormalisedAdjacency one(lists.offsets, lists.neighbours, 1), four(lists.offsets, lists.neighbours, 4);
  const torch::Tensor x = torch::randn({50, 37});
  CHECK(torch::equal(one.times(x), four.times(x)));
  CHECK(torch::equal(one.times(x.t().contiguous().t()), one.times(x)));  // a view that is not contiguous
  const GraphConv first(kSmallGraphNet, 7), second(kSmallGraphNet, 7), other(kSmallGraphNet, 8);
  CHECK(torch::equal(first.parameters()[0], second.parameters()[0]));
  CHECK_FALSE(torch::equal(first.parameters()[0], other.parameters()[0]));
}

TEST_CASE("dropout of a graph net depends on the step while training and is off when predicting") {
  const Lists lists = lists_of(random_graph(30, 0.3));
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, 1);
  GraphConvShape shape = kSmallGraphNet;
  shape.dropout = 0.3;
  GraphConv net(shape, 7);
  const torch::Tensor x = torch::randn({30, 21});
  CHECK(torch::equal(net.forward(x, graph, 1)[1], net.forward(x, graph, 1)[1]));
  CHECK_FALSE(torch::equal(net.forward(x, graph, 1)[1], net.forward(x, graph, 2)[1]));
  net.eval();
  CHECK(torch::equal(net.forward(x, graph, 1)[1], net.forward(x, graph, 2)[1]));
}

TEST_CASE("a table that is not of the graph's cells or the net's features is refused, and lists that do not fit together") {
  const Lists lists = lists_of(random_graph(30, 0.3));
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, 1);
  GraphConv net(kSmallGraphNet, 7);
  CHECK_THROWS_WITH_AS(
      net.forward(torch::zeros({30, 20}), graph, 0),
      "graph convolutional net: found 30 cells of 20 features, expected 30 cells, as in the graph, of 21 features, as "
      "the net was made for.",
      DataError);
  CHECK_THROWS_AS(net.forward(torch::zeros({29, 21}), graph, 0), DataError);
  const std::vector<std::int64_t> offsets = {0, 1, 2};
  const std::vector<std::int32_t> outside = {1, 2}, short_list = {1};
  CHECK_THROWS_AS(NormalisedAdjacency(offsets, outside, 1), InternalError);
  CHECK_THROWS_AS(NormalisedAdjacency(offsets, short_list, 1), InternalError);
}

TEST_CASE("on the graphics card a graph net gives the logits and gradients of the processor, within 1e-3") {
  if (!torch::cuda::is_available()) {
    MESSAGE("skipped: no CUDA device");
    return;
  }
  const Lists lists = lists_of(random_graph(30, 0.3));
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, 1);
  GraphConv here(kSmallGraphNet, 7), there(kSmallGraphNet, 7);
  there.to(torch::kCUDA);
  const torch::Tensor x = torch::randn({30, 21});
  const auto a = here.forward(x, graph, 0), b = there.forward(x.to(torch::kCUDA), graph, 0);
  CHECK(off(a[1], b[1].cpu()) < 1e-3);
  graph_score(a).backward();
  graph_score(b).backward();
  CHECK(off(here.parameters()[0].grad(), there.parameters()[0].grad().cpu()) < 1e-3);
}
