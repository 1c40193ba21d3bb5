// Times a training epoch and integrated gradients of a net of bags at PaSCient's published sizes, and prints the seconds and the
// peak of memory as JSON for bench/patients.py.
//
//   bench_bags epoch PATIENTS CELLS GENES NONZEROS THREADS EPOCHS      from counts in memory, validation off; the first not printed
//   bench_bags attribution PATIENTS CELLS GENES NONZEROS THREADS
//   bench_bags load STORE BAGS THREADS      bags of a text file, rows of the store's only shard on a line each

#include <cellverdict/base/random.h>
#include <cellverdict/explain/bag_path.h>
#include <cellverdict/prepare/store.h>
#include <cellverdict/split/split.h>
#include <cellverdict/train/bag_net.h>

#include <torch/torch.h>

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace cellverdict;

struct Size {
  std::int64_t patients = 64, cells = 1500, genes = 28231, nonzeros = 1500;
  int threads = 2, epochs = 2;
};

double wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

double user() {
  return static_cast<double>(usage().ru_utime.tv_sec) + 1e-6 * static_cast<double>(usage().ru_utime.tv_usec);
}

// Ascending genes with gaps that average to `nonzeros` a cell; counts of 1 to 4.
void append_cell(const Size& size, Random& random, CsrBlock& out) {
  const auto most = static_cast<std::uint64_t>(2 * size.genes / size.nonzeros - 1);
  for (auto g = static_cast<std::int64_t>(random.below(most)); g < size.genes;
       g += 1 + static_cast<std::int64_t>(random.below(most)))
    out.push(static_cast<std::int32_t>(g), static_cast<float>(1 + random.below(4)));
  out.end_row();
}

void epoch(const Size& size) {
  GeneList genes;
  for (std::int64_t g = 0; g < size.genes; ++g) {
    genes.ids.push_back("G" + std::to_string(g));
    genes.symbols.push_back(genes.ids.back());
  }
  Frame obs;
  std::vector<std::string> unit, label;
  std::vector<double> totals;
  CsrBlock counts;
  counts.indices.reserve(static_cast<std::size_t>(size.patients * size.cells * size.nonzeros * 11 / 10));
  counts.values.reserve(counts.indices.capacity());
  Random random(1, "bench bags");
  for (std::int64_t p = 0; p < size.patients + 2; ++p)  // two more for the test side, which every split has
    for (std::int64_t i = 0; i < (p < size.patients ? size.cells : 1); ++i) {
      append_cell(size, random, counts);
      obs.index.push_back("c" + std::to_string(totals.size()));
      unit.push_back("p" + std::to_string(p));
      label.push_back(p % 2 == 0 ? "a" : "b");
      double total = 0;
      for (const float x : counts.row(counts.n_rows() - 1).values) total += x;
      totals.push_back(total);
    }
  obs.set("unit", make_text_column(unit));
  obs.set("label", make_text_column(label));
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(counts)));
  auto table = std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::move(totals), std::move(shards));
  const auto cohort = std::make_shared<const Cohort>(
      make_cohort(std::move(table), {.label = "label", .unit = "unit", .donor = "", .positive = ""}));
  RunContext context;
  context.threads = size.threads;
  SplitOptions options{.scheme = "lists", .test = {"p" + std::to_string(size.patients), "p" + std::to_string(size.patients + 1)}};
  const Split split = Split::make(context, cohort, options);
  PrepareOptions prepare{.min_cells_per_gene = 0};
  prepare.genes.select = "all";
  prepare.scale = {.by = "none", .clip = 0};
  const Preparation preparation = fit_preparation(context, split.train(), prepare);
  const double data = static_cast<double>(usage().ru_maxrss) * 1024;

  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("bench_bags" + std::to_string(::getpid()));
  TrainRequest request{.checkpoints = folder, .key = "bench"};
  request.model.kind = "bag";
  request.train.epochs = size.epochs;  // the first warms up
  request.train.learning_rate = request.train.weight_decay = 1e-4;
  request.train.class_weights = "balanced";
  double begin = 0, begin_user = 0;
  int done_epochs = 0;
  context.progress = [&](std::string_view, std::int64_t done, std::int64_t of) {
    if (done != of) return;
    const double now = wall(), now_user = user();
    if (done_epochs++ > 0)
      std::printf(R"({"name": "pascient_epoch", "seconds": %.3f, "cpu_seconds": %.3f, "data_bytes": %.0f, "peak_bytes": %.0f})"
                  "\n",
                  now - begin, now_user - begin_user, data, static_cast<double>(usage().ru_maxrss) * 1024);
    begin = now, begin_user = now_user;
  };
  train_classifier(context, split.train(), std::nullopt, preparation, {}, request);
  std::filesystem::remove_all(folder);
}

void attribution(const Size& size) {
  torch::set_num_threads(size.threads);
  RunContext context;
  context.threads = size.threads;
  BagClassifier net({.n_genes = size.genes}, 1);
  Random random(1, "bench bags");
  for (std::int64_t p = 0; p <= size.patients; ++p) {  // the first warms up
    CsrBlock cells;
    for (std::int64_t i = 0; i < size.cells; ++i) append_cell(size, random, cells);
    const double begin = wall(), begin_user = user();
    const Attribution a = integrated_gradients(context, net, {cells, FirstLayerKernel::sparse, size.threads}, {}, {}, {});
    if (p > 0)
      std::printf(R"({"name": "integrated_gradients", "seconds": %.3f, "cpu_seconds": %.3f, "delta": %.3g, "peak_bytes": %.0f})"
                  "\n",
                  wall() - begin, user() - begin_user, a.convergence_delta(), static_cast<double>(usage().ru_maxrss) * 1024);
    std::fflush(stdout);
  }
}

void load(const std::filesystem::path& store, const std::filesystem::path& bags) {
  std::vector<std::vector<std::int64_t>> rows;
  std::ifstream file(bags);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    rows.emplace_back(std::istream_iterator<std::int64_t>(words), std::istream_iterator<std::int64_t>());
  }
  const Cohort cohort = read_store(store, {.label = "disease", .unit = "donor", .donor = "donor"});
  const double begin = wall(), begin_user = user();
  double total = 0;
  CsrBlock cells;
  for (std::size_t b = 0; b < rows.size(); ++b) {
    cells.clear();
    for (const std::int64_t row : rows[b]) cohort.table->append_row(row, cells);
    for (const float x : cells.values) total += x;
  }
  std::printf(R"({"seconds": %.4f, "cpu_seconds": %.4f, "total": %.1f})"
              "\n",
              wall() - begin, user() - begin_user, total);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 3 && std::string(argv[1]) == "load") {
    load(argv[2], argv[3]);
    return 0;
  }
  const auto argument = [&](int i, std::int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
  const Size size{argument(2, 64),
                  argument(3, 1500),
                  argument(4, 28231),
                  argument(5, 1500),
                  static_cast<int>(argument(6, 2)),
                  static_cast<int>(argument(7, 2))};
  (argc > 1 && std::string(argv[1]) == "attribution" ? attribution : epoch)(size);
}
