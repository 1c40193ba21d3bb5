#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/encode/cell_graph.h>
#include <cellverdict/encode/cosine_search.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

namespace cellverdict {

namespace {

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", x);
  return text;
}

void check(std::int64_t n_cells, const CellGraphOptions& options) {
  const auto wrong = [](std::string what, std::string found, std::string expected) {
    throw UsageError(
        {.where = "graph of cells, " + std::move(what), .found = std::move(found), .expected = std::move(expected), .advice = ""});
  };
  if (!(options.threshold >= -1 && options.threshold <= 1)) wrong("threshold", number(options.threshold), "-1 to 1");
  if (options.cap < 1) wrong("cap", std::to_string(options.cap), "1 or more");
  if (options.cap_by != "cell" && options.cap_by != "total") wrong("cap_by", "'" + options.cap_by + "'", "'cell' or 'total'");
  if (options.search != "exact" && options.search != "approximate")
    wrong("search", "'" + options.search + "'", "'exact' or 'approximate'");
  if (options.search == "approximate" && options.cap_by == "total")
    wrong("search", "'approximate' with a cap in total", "'exact': the most similar pairs of all are looked for among all");
  if (!(options.recall > 0 && options.recall <= 1)) wrong("recall", number(options.recall), "above 0, at most 1");
  if (n_cells < 1 || n_cells > std::numeric_limits<std::int32_t>::max())
    throw DataError({.where = "graph of cells",
                     .found = counted(n_cells, "cell"),
                     .expected = "1 to " + with_commas(std::numeric_limits<std::int32_t>::max()),
                     .advice = ""});
}

// The edges that both ends keep. A list that has room keeps all it is offered; one that has not, what reaches the least it kept. So
// one look at the other end tells, for both know the same similarity.
CellGraph graph_of(const NearestLists& lists, int threads) {
  const std::int64_t n = lists.n_cells();
  CellGraph graph;
  graph.offsets.assign(static_cast<std::size_t>(n + 1), 0);
  const auto each_neighbour = [&](std::int64_t i, const auto& use) {
    for (const std::uint64_t key : lists.list(i))
      if (lists.keeps(cell_of(key), neighbour_key(similarity_of(key), static_cast<std::int32_t>(i)))) use(cell_of(key));
  };
  parallel_for(n, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      each_neighbour(i, [&](std::int32_t) { ++graph.offsets[static_cast<std::size_t>(i + 1)]; });
  });
  std::partial_sum(graph.offsets.begin(), graph.offsets.end(), graph.offsets.begin());
  graph.neighbours.resize(static_cast<std::size_t>(graph.offsets.back()));
  parallel_for(n, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto first = graph.neighbours.begin() + graph.offsets[static_cast<std::size_t>(i)];
      auto last = first;
      each_neighbour(i, [&](std::int32_t j) { *last++ = j; });
      std::sort(first, last);
    }
  });
  for (std::int64_t i = 0; i < n; ++i) graph.n_capped += lists.capped(i) ? 1 : 0;
  return graph;
}

CellGraph graph_of(const TopEdges& top) {
  const std::int64_t n = std::ssize(top.similar);
  std::vector<std::vector<std::int32_t>> lists(static_cast<std::size_t>(n));
  for (const Edge& edge : top.edges) {
    lists[static_cast<std::size_t>(cell_of(edge.key))].push_back(edge.other);
    lists[static_cast<std::size_t>(edge.other)].push_back(cell_of(edge.key));
  }
  CellGraph graph;
  for (std::int64_t i = 0; i < n; ++i) {
    auto& list = lists[static_cast<std::size_t>(i)];
    std::sort(list.begin(), list.end());
    graph.neighbours.insert(graph.neighbours.end(), list.begin(), list.end());
    graph.offsets.push_back(std::ssize(graph.neighbours));
    graph.n_capped += top.similar[static_cast<std::size_t>(i)] > std::ssize(list) ? 1 : 0;
  }
  return graph;
}

CellGraph search(const RunContext& context, const UnitRows& rows, const CellGraphOptions& options) {
  const auto threshold = static_cast<float>(options.threshold);
  if (options.cap_by == "total") return graph_of(search_top_pairs(context, rows, options.cap, threshold));
  NearestLists lists({.n_lists = rows.n(),
                      .n_others = rows.n() - 1,
                      .cap = options.cap,
                      .threshold = threshold,
                      .memory_bytes = context.memory_bytes});
  ClusteredSearch how;
  if (options.search == "approximate")
    how = search_clusters(context, rows, {.cap = options.cap, .threshold = threshold, .recall = options.recall}, lists);
  else
    search_all_pairs(context, rows, lists);
  lists.finish(NearestLists::Order::as_it_comes, context.threads);
  CellGraph graph = graph_of(lists, context.threads);
  graph.recall = how.recall;
  if (how.n_probed > 0)
    graph.notes.push_back("Neighbours were looked for in " + with_commas(how.n_probed) + " of " + with_commas(how.n_clusters) +
                          " clusters of cells, where " + number(std::floor(1000 * how.recall) / 10) +
                          " % of the true ones of a sample of cells lie.");
  return graph;
}

}  // namespace

CellGraph make_cell_graph(const RunContext& context, std::span<const float> latents, std::int64_t width,
                          const CellGraphOptions& options) {
  const UnitRows rows = unit_rows(latents, width, context.threads);
  check(rows.n(), options);
  CellGraph graph = search(context, rows, options);
  for (std::int64_t i = 0; i < graph.n_cells(); ++i)
    graph.n_isolated += graph.offsets[static_cast<std::size_t>(i)] == graph.offsets[static_cast<std::size_t>(i + 1)] ? 1 : 0;
  const std::string of_all = " of " + counted(graph.n_cells(), "cell");
  if (rows.n_zero > 0)
    graph.notes.push_back(with_commas(rows.n_zero) + of_all +
                          " have a latent of zeros, which has no direction: a similarity of 0 to all.");
  if (graph.n_capped > 0)
    graph.notes.push_back(with_commas(graph.n_capped) + of_all + " (" + number(std::round(1000 * graph.capped_share()) / 10) +
                          " %) have more similar cells than the cap of " + with_commas(options.cap) +
                          (options.cap_by == "cell" ? " leaves each." : " edges in all leaves them."));
  if (graph.n_isolated > 0)
    graph.notes.push_back(with_commas(graph.n_isolated) + of_all + " have no edge at a cosine similarity of " +
                          number(options.threshold) + " or more: a graph net sees them alone.");
  return graph;
}

}  // namespace cellverdict
