// The graph of cells against scikit-learn's neighbours, and what no thread count and no order of the cells may change.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/encode/cell_graph.h>
#include <cellverdict/encode/cosine_search.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

RunContext with_threads(int threads) {
  RunContext context;
  context.threads = threads;
  return context;
}

// Cells around `groups` centres, with `spread` of a cell beside its centre.
std::vector<float> grouped_latents(std::int64_t n, std::int64_t width, std::int64_t groups, double spread) {
  Random random(3, "grouped latents");
  const auto normal = [&] {
    double sum = -6;
    for (int k = 0; k < 12; ++k) sum += random.uniform();
    return sum;
  };
  std::vector<double> centres(static_cast<std::size_t>(groups * width));
  for (double& x : centres) x = normal();
  std::vector<float> out;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto group = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(groups)));
    for (std::int64_t f = 0; f < width; ++f)
      out.push_back(static_cast<float>(centres[static_cast<std::size_t>(group * width + f)] + spread * normal()));
  }
  return out;
}

std::vector<std::int32_t> neighbours_of(const CellGraph& graph, std::int64_t i) {
  return {graph.neighbours.begin() + graph.offsets[static_cast<std::size_t>(i)],
          graph.neighbours.begin() + graph.offsets[static_cast<std::size_t>(i + 1)]};
}

// Every edge with both ends, ascending, none from a cell to itself.
void check_form(const CellGraph& graph) {
  std::set<std::pair<std::int64_t, std::int64_t>> edges;
  for (std::int64_t i = 0; i < graph.n_cells(); ++i) {
    const auto list = neighbours_of(graph, i);
    CHECK(std::is_sorted(list.begin(), list.end()));
    CHECK(std::adjacent_find(list.begin(), list.end()) == list.end());
    for (const std::int32_t j : list) {
      CHECK(j != i);
      edges.emplace(i, j);
    }
  }
  CHECK(std::all_of(edges.begin(), edges.end(), [&](const auto& edge) { return edges.count({edge.second, edge.first}) == 1; }));
  CHECK(std::ssize(edges) == 2 * graph.n_edges());
}

bool has_note(const CellGraph& graph, const std::string& text) {
  return std::any_of(graph.notes.begin(), graph.notes.end(), [&](const std::string& note) { return note == text; });
}

}  // namespace

TEST_CASE("the graph is that of scikit-learn's neighbours by cosine, with a cap for each cell and with one in all") {
  const auto truth = truth_of("../encode/make_graph_truth.py");
  if (!truth) return;
  for (const auto& c : *truth) {
    const auto x = c["x"].get<std::vector<float>>();
    CellGraphOptions options{.threshold = c["threshold"], .cap = c["cap"]};
    for (const int threads : {1, 3}) {
      const CellGraph graph = make_cell_graph(with_threads(threads), x, c["d"], options);
      check_form(graph);
      REQUIRE(graph.n_cells() == std::ssize(c["lists"]));
      for (std::int64_t i = 0; i < graph.n_cells(); ++i)
        CHECK(neighbours_of(graph, i) == c["lists"][i].get<std::vector<std::int32_t>>());
      CHECK(graph.n_capped == c["n_capped"].get<std::int64_t>());
      CHECK(graph.recall == 1);
    }
    options.cap_by = "total";
    const CellGraph top = make_cell_graph(with_threads(2), x, c["d"], options);
    check_form(top);
    std::vector<std::vector<std::int32_t>> edges;
    for (std::int32_t i = 0; i < top.n_cells(); ++i)
      for (const std::int32_t j : neighbours_of(top, i))
        if (i < j) edges.push_back({i, j});
    CHECK(edges == c["top"].get<std::vector<std::vector<std::int32_t>>>());
  }
}

TEST_CASE("no cell has more edges than the cap, and the same latents give the same graph for any number of threads") {
  const auto x = grouped_latents(2500, 24, 5, 0.6);
  const CellGraphOptions options{.threshold = 0.2, .cap = 40};
  const CellGraph one = make_cell_graph(with_threads(1), x, 24, options), four = make_cell_graph(with_threads(4), x, 24, options);
  CHECK(one.offsets == four.offsets);
  CHECK(one.neighbours == four.neighbours);
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < one.n_cells(); ++i) most = std::max<std::int64_t>(most, std::ssize(neighbours_of(one, i)));
  CHECK(most == 40);
  CHECK(one.n_capped == 2500);
  CHECK(one.capped_share() == 1);
  CHECK(has_note(one, "2,500 of 2,500 cells (100 %) have more similar cells than the cap of 40 leaves each."));
  CHECK(one.n_edges() > 2500 * 40 / 4);
}

TEST_CASE("of equally similar cells those of smaller index win") {
  // Ten cells in the same direction, and ten in another.
  std::vector<float> x;
  for (int i = 0; i < 20; ++i)
    for (const float v : {i % 2 == 0 ? 1.0F : -1.0F, 2.0F, 0.5F}) x.push_back(v);
  const CellGraph graph = make_cell_graph(with_threads(2), x, 3, {.threshold = 0.99, .cap = 3});
  // Each of the ten lists the first three others: 0, 2, 4 and 6 each other, and the rest some of them, who do not list it.
  CHECK(neighbours_of(graph, 0) == std::vector<std::int32_t>{2, 4, 6});
  CHECK(neighbours_of(graph, 2) == std::vector<std::int32_t>{0, 4, 6});
  CHECK(neighbours_of(graph, 6) == std::vector<std::int32_t>{0, 2, 4});
  CHECK(neighbours_of(graph, 8).empty());
  CHECK(neighbours_of(graph, 1) == std::vector<std::int32_t>{3, 5, 7});
  CHECK(graph.n_isolated == 12);
  CHECK(has_note(graph, "12 of 20 cells have no edge at a cosine similarity of 0.99 or more: a graph net sees them alone."));
  const CellGraph top = make_cell_graph(with_threads(2), x, 3, {.threshold = 0.99, .cap_by = "total", .cap = 4});
  CHECK(top.n_edges() == 4);
  CHECK(neighbours_of(top, 0) == std::vector<std::int32_t>{2, 4, 6, 8});
}

TEST_CASE("cells in another order have the same edges") {
  const std::int64_t n = 300;
  const auto x = grouped_latents(n, 10, 3, 0.8);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = (i * 7 + 3) % n;
  std::vector<float> moved;
  for (const std::int64_t i : order) moved.insert(moved.end(), x.begin() + i * 10, x.begin() + (i + 1) * 10);
  const CellGraphOptions options{.threshold = 0.4, .cap = 12};
  const CellGraph graph = make_cell_graph(with_threads(1), x, 10, options),
                  there = make_cell_graph(with_threads(1), moved, 10, options);
  for (std::int64_t k = 0; k < n; ++k) {
    std::vector<std::int32_t> expected, found = neighbours_of(graph, order[static_cast<std::size_t>(k)]);
    for (const std::int32_t j : neighbours_of(there, k))
      expected.push_back(static_cast<std::int32_t>(order[static_cast<std::size_t>(j)]));
    std::sort(expected.begin(), expected.end());
    CHECK(found == expected);
  }
}

TEST_CASE("the approximate search finds the share of neighbours that was asked for, the same for any number of threads") {
  const std::int64_t n = 6000, width = 16, cap = 15;
  const auto x = grouped_latents(n, width, 60, 0.35);
  const UnitRows rows = unit_rows(x, width, 1);
  const auto limits = ListLimits{.n_lists = n, .n_others = n - 1, .cap = cap, .threshold = -1};
  NearestLists exact(limits), near(limits), near_again(limits);
  search_all_pairs(with_threads(2), rows, exact);
  const ClusteredSearch how = search_clusters(with_threads(1), rows, {.cap = cap, .threshold = -1, .recall = 0.9}, near);
  search_clusters(with_threads(3), rows, {.cap = cap, .threshold = -1, .recall = 0.9}, near_again);
  REQUIRE_FALSE(how.all_pairs);
  CHECK(how.n_probed < how.n_clusters / 4);
  for (NearestLists* lists : {&exact, &near, &near_again}) lists->finish(NearestLists::Order::by_similarity, 1);
  double found = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    REQUIRE(std::ssize(exact.list(i)) == cap);
    std::set<std::uint64_t> truth(exact.list(i).begin(), exact.list(i).end());
    for (const std::uint64_t key : near.list(i)) found += static_cast<double>(truth.count(key));
    CHECK(std::equal(near.list(i).begin(), near.list(i).end(), near_again.list(i).begin(), near_again.list(i).end()));
  }
  const double recall = found / static_cast<double>(n * cap);
  CHECK(recall >= 0.9);
  CHECK(recall < 1);
  CHECK(std::abs(recall - how.recall) < 0.06);
  const CellGraph graph =
      make_cell_graph(with_threads(2), x, width, {.threshold = 0.4, .cap = cap, .search = "approximate", .recall = 0.9});
  check_form(graph);
  CHECK(graph.recall < 1);
  REQUIRE(!graph.notes.empty());
  CHECK(graph.notes[0].find("clusters of cells") != std::string::npos);
}

TEST_CASE("few cells, one cell, and a latent of zeros have a graph") {
  const CellGraph one = make_cell_graph(with_threads(2), std::vector<float>{1, 2}, 2, {});
  CHECK(one.n_cells() == 1);
  CHECK(one.n_isolated == 1);
  const std::vector<float> x = {1, 0, 0, 0, 2, 0};
  for (const char* search : {"exact", "approximate"}) {
    const CellGraph graph = make_cell_graph(with_threads(2), x, 2, {.cap = 5, .search = search});
    CHECK(neighbours_of(graph, 0) == std::vector<std::int32_t>{2});
    CHECK(neighbours_of(graph, 1).empty());
    CHECK(has_note(graph, "1 of 3 cells have a latent of zeros, which has no direction: a similarity of 0 to all."));
  }
}

TEST_CASE("what cannot make a graph is refused in one sentence") {
  const auto make = [](std::vector<float> x, const CellGraphOptions& options) { make_cell_graph(with_threads(1), x, 2, options); };
  const std::vector<float> x = {1, 0, 0, 1};
  CHECK_THROWS_WITH_AS(make(x, {.threshold = 1.5}), "graph of cells, threshold: found 1.5, expected -1 to 1.", UsageError);
  CHECK_THROWS_AS(make(x, {.cap = 0}), UsageError);
  CHECK_THROWS_AS(make(x, {.cap_by = "edge"}), UsageError);
  CHECK_THROWS_AS(make(x, {.search = "fast"}), UsageError);
  CHECK_THROWS_AS(make(x, {.cap_by = "total", .search = "approximate"}), UsageError);
  CHECK_THROWS_AS(make(x, {.recall = 0}), UsageError);
  CHECK_THROWS_AS(make({}, {}), DataError);
  CHECK_THROWS_WITH_AS(
      make({1, 0, std::numeric_limits<float>::quiet_NaN(), 1}, {}),
      "graph of cells, cell 1: found a latent with a value that is not finite, expected numbers; look at the training of "
      "the autoencoder: it may have diverged.",
      DataError);
}
