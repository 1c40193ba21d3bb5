// The parts of the blood-lineage system, timed for bench/lineage.py; prints JSON lines.
//
//   bench_lineage graph TABLE ROWS WIDTH THREADS CAP SEARCH RECALL RUNS OUT   graphs of the cells in a file of float32; and, after
//   the
//                                                     last, the most similar cells of each, int32 [ROWS, CAP], -1: none
//   bench_lineage graph_net CELLS WIDTH NEIGHBOURS THREADS EPOCHS   a graph net on all cells at once: first what is done once, then
//   a line
//                                                     an epoch, forward and backward
//   bench_lineage autoencoder CELLS GENES NONZEROS HIDDEN LATENT THREADS STEPS   training steps with Adam
//   bench_lineage transformer BATCH TOKENS WIDTH HEADS FEED_FORWARD THREADS STEPS   training steps, forward and backward

#include "clock.h"

#include <cellverdict/base/random.h>
#include <cellverdict/encode/cell_graph.h>
#include <cellverdict/encode/cosine_search.h>
#include <cellverdict/nets/autoencoder.h>
#include <cellverdict/nets/graph_conv.h>
#include <cellverdict/nets/latent_transformer.h>
#include <cellverdict/train/optimizer.h>

#include <torch/torch.h>

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace cellverdict;

double peak_megabytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

// The lists before edges are made of them, for the share of true neighbours in them.
void write_lists(const RunContext& context, const UnitRows& rows, const CellGraphOptions& options, const char* path) {
  NearestLists lists(
      {.n_lists = rows.n(), .n_others = rows.n() - 1, .cap = options.cap, .threshold = static_cast<float>(options.threshold)});
  if (options.search == "exact")
    search_all_pairs(context, rows, lists);
  else
    search_clusters(context, rows,
                    {.cap = options.cap, .threshold = static_cast<float>(options.threshold), .recall = options.recall}, lists);
  lists.finish(NearestLists::Order::by_similarity, context.threads);
  std::ofstream out(path, std::ios::binary);
  std::vector<std::int32_t> cells;
  for (std::int64_t i = 0; i < rows.n(); ++i) {
    cells.assign(static_cast<std::size_t>(options.cap), -1);
    std::size_t k = 0;
    for (const std::uint64_t key : lists.list(i)) cells[k++] = cell_of(key);
    out.write(reinterpret_cast<const char*>(cells.data()), static_cast<std::streamsize>(cells.size() * sizeof(std::int32_t)));
  }
}

int graphs(std::span<char*> words) {
  if (words.size() != 9) return 2;
  const std::int64_t n = std::atoll(words[1]), width = std::atoll(words[2]);
  std::vector<float> table(static_cast<std::size_t>(n * width));
  std::ifstream in(words[0], std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(table.data()), static_cast<std::streamsize>(table.size() * sizeof(float)))) return 1;
  RunContext context;
  context.threads = std::atoi(words[3]);
  const CellGraphOptions options{.threshold = -1, .cap = std::atoll(words[4]), .search = words[5], .recall = std::atof(words[6])};
  for (int run = 0; run < std::atoi(words[7]); ++run) {
    const Time before = now();
    const CellGraph graph = make_cell_graph(context, table, width, options);
    const Time after = now();
    std::printf("{\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"edges\": %lld, \"recall\": %.4f, \"megabytes\": %.0f}\n",
                after.wall - before.wall, after.cpu - before.cpu, static_cast<long long>(graph.n_edges()), graph.recall,
                peak_megabytes());
    std::fflush(stdout);
  }
  if (std::strcmp(words[8], "-") != 0) write_lists(context, unit_rows(table, width, context.threads), options, words[8]);
  return 0;
}

// Cell i has the neighbours i ± d for random distances d, anywhere in the table as the similar cells of a cell are.
CellGraph scattered_graph(std::int64_t n, std::int64_t n_neighbours) {
  Random random(1, "graph");
  const auto distances = sample_without_replacement(random, (n - 1) / 2, n_neighbours / 2);
  CellGraph graph;
  graph.offsets.reserve(static_cast<std::size_t>(n + 1));
  graph.neighbours.reserve(static_cast<std::size_t>(n * n_neighbours));
  for (std::int64_t i = 0; i < n; ++i) {
    for (const std::int64_t d : distances)
      for (const std::int64_t j : {i + d + 1, i - d - 1 + n}) graph.neighbours.push_back(static_cast<std::int32_t>(j % n));
    std::sort(graph.neighbours.begin() + graph.offsets.back(), graph.neighbours.end());
    graph.offsets.push_back(std::ssize(graph.neighbours));
  }
  return graph;
}

void say(const Time& before) {
  const Time after = now();
  std::printf("{\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"megabytes\": %.0f}\n", after.wall - before.wall, after.cpu - before.cpu,
              peak_megabytes());
  std::fflush(stdout);
}

int graph_net(std::span<char*> words) {
  if (words.size() != 5) return 2;
  const std::int64_t n = std::atoll(words[0]), width = std::atoll(words[1]);
  const int threads = std::atoi(words[3]);
  torch::set_num_threads(threads);
  const CellGraph lists = scattered_graph(n, std::atoll(words[2]));
  torch::Tensor x = torch::randn({n, width});
  const torch::Tensor truth = torch::randint(7, {n});
  const NormalisedAdjacency graph(lists.offsets, lists.neighbours, threads);
  GraphConv net({.n_features = width, .head_logits = {7}}, 1);
  Time before = now();
  x = graph.times(x);
  say(before);
  for (int epoch = 0; epoch < std::atoi(words[4]); ++epoch) {
    before = now();
    net.zero_grad();
    torch::cross_entropy_loss(net.forward_spread(x, graph, static_cast<std::uint64_t>(epoch))[0], truth).backward();
    say(before);
  }
  return 0;
}

// Resident now, not the largest.
double megabytes() {
  std::ifstream status("/proc/self/statm");
  double pages = 0;
  status >> pages >> pages;
  return pages * 4096 / 1e6;
}

int autoencoder(std::span<char*> words) {
  if (words.size() != 7) return 2;
  const std::int64_t n = std::atoll(words[0]), genes = std::atoll(words[1]), nonzeros = std::atoll(words[2]);
  const int threads = std::atoi(words[5]);
  torch::set_num_threads(threads);
  const double runtime = megabytes();
  CsrBlock cells;
  Random random(1, "autoencoder");
  const auto most = static_cast<std::uint64_t>(2 * genes / nonzeros - 1);
  for (std::int64_t i = 0; i < n; ++i) {
    for (auto g = static_cast<std::int64_t>(random.below(most)); g < genes; g += 1 + static_cast<std::int64_t>(random.below(most)))
      cells.push(static_cast<std::int32_t>(g), static_cast<float>(3 * random.uniform()));
    cells.end_row();
  }
  Autoencoder net({.n_genes = genes, .hidden = {std::atoll(words[3])}, .latent = std::atoll(words[4])}, 1);
  const auto adam = make_optimizer({.learning_rate = 1e-3}, net.parameters());
  double parameters = 0;
  for (const auto& p : net.parameters()) parameters += 4e-6 * static_cast<double>(p.numel());
  const CellBatch batch{cells, FirstLayerKernel::sparse, threads};
  for (int step = 0; step < std::atoi(words[6]); ++step) {
    const Time before = now();
    adam->zero_grad();
    const torch::Tensor loss = net.loss(batch, batch);
    loss.backward();
    adam->step();
    const Time after = now();
    // Beyond the runtime, and weights, gradients and both moments.
    std::printf("{\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"loss\": %.6f, \"beyond\": %.1f}\n", after.wall - before.wall,
                after.cpu - before.cpu, loss.item<double>(), peak_megabytes() * 1.048576 - runtime - 4 * parameters);
    std::fflush(stdout);
  }
  return 0;
}

int transformer(std::span<char*> words) {
  if (words.size() != 7) return 2;
  torch::set_num_threads(std::atoi(words[5]));
  const std::int64_t batch = std::atoll(words[0]), tokens = std::atoll(words[1]);
  LatentTransformer net({.n_latent = tokens,
                         .width = std::atoll(words[2]),
                         .heads = std::atoll(words[3]),
                         .feed_forward = std::atoll(words[4]),
                         .head_logits = {7}},
                        1);
  const torch::Tensor x = torch::randn({batch, tokens}), truth = torch::randint(7, {batch});
  for (int step = 0; step < std::atoi(words[6]); ++step) {
    const Time before = now();
    net.zero_grad();
    torch::cross_entropy_loss(net.forward(x, static_cast<std::uint64_t>(step))[0], truth).backward();
    say(before);
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  const std::span<char*> rest(words + std::min(count, 2), static_cast<std::size_t>(std::max(0, count - 2)));
  if (what == "graph") return graphs(rest);
  if (what == "graph_net") return graph_net(rest);
  if (what == "autoencoder") return autoencoder(rest);
  if (what == "transformer") return transformer(rest);
  return 2;
}
