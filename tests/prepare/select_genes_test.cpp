// Against scanpy, run at test time; against committed numbers where scanpy needs scikit-misc, which is seldom installed.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/prepare/dispersion.h>
#include <cellverdict/prepare/loess.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/select_genes.h>
#include <cellverdict/prepare/standardised_variance.h>

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "io/temp_folder.h"
#include "split/example_cohort.h"
#include "stats/truth_script.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// Every fifth cell is held out, every other one is of class b.
Split split_of(CsrBlock block, std::int64_t n_genes) {
  Frame obs;
  GeneList genes;
  std::vector<std::string> label, unit;
  std::vector<double> totals;
  for (std::int64_t i = 0; i < block.n_rows(); ++i) {
    obs.index.push_back("c" + std::to_string(i));
    label.push_back(i % 2 == 0 ? "a" : "b");
    unit.push_back(i % 5 == 4 ? "last" : "first");
    double total = 0;
    for (const float x : block.row(i).values) total += x;
    totals.push_back(total);
  }
  for (std::int64_t g = 0; g < n_genes; ++g) {
    genes.ids.push_back(std::to_string(g));
    genes.symbols.push_back("G" + std::to_string(g));
  }
  obs.set("label", make_text_column(label));
  obs.set("unit", make_text_column(unit));
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(block)));
  auto table = std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::move(totals), std::move(shards));
  const auto cohort =
      std::make_shared<const Cohort>(make_cohort(table, {.label = "label", .unit = "unit", .donor = "", .positive = ""}));
  return split_example(cohort, {.scheme = "lists", .test = {"last"}});
}

Split split_of(const std::vector<std::vector<float>>& counts) {
  CsrBlock block;
  for (const auto& row : counts) {
    for (std::size_t g = 0; g < row.size(); ++g)
      if (row[g] != 0) block.push(static_cast<std::int32_t>(g), row[g]);
    block.end_row();
  }
  return split_of(std::move(block), static_cast<std::int64_t>(counts[0].size()));
}

Split split_of_file(const std::filesystem::path& file) {
  const auto source = open_source(file);
  CsrBlock all, block;
  while (source->read_block(512, block))
    for (std::int64_t i = 0; i < block.n_rows(); ++i) {
      const CsrRow row = block.row(i);
      for (std::size_t k = 0; k < row.genes.size(); ++k) all.push(row.genes[k], row.values[k]);
      all.end_row();
    }
  return split_of(std::move(all), source->head().genes.size());
}

std::set<int> chosen(const Split& split, const std::string& select, std::int64_t n, std::int64_t min_cells = 10) {
  PrepareOptions options{.min_cells_per_gene = min_cells};
  options.genes = {.select = select, .n = n};
  std::set<int> genes;
  for (const auto& id : fit_preparation({}, split.train(), options).genes.ids) genes.insert(std::stoi(id));
  return genes;
}

void check_against_scanpy(const Split& split, const nlohmann::json& truth) {
  for (const auto& one : truth["chosen"]) {
    const std::string flavour = one["flavour"];
    CAPTURE(flavour);
    CAPTURE(one["n"].get<int>());
    const std::set<int> expected = one["genes"];
    const std::set<int> ours = chosen(split, flavour, one["n"]);
    if (flavour != "seurat_v3") {
      CHECK(ours == expected);
      continue;
    }
    std::size_t shared = 0;
    for (const int g : ours) shared += expected.count(g);
    CHECK(ours.size() == expected.size());
    CHECK(static_cast<double>(shared) >= 0.95 * static_cast<double>(expected.size()));
  }
}

nlohmann::json golden() {
  return nlohmann::json::parse(read_file(truth_folder().parent_path() / "prepare/seurat_v3_golden.json"));
}

// 40 cells of genes that vary, but for the last two: one constant, one absent.
std::vector<std::vector<float>> small_counts(std::size_t n_genes) {
  std::vector<std::vector<float>> counts;
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<float> row;
    for (std::size_t g = 0; g < n_genes; ++g) row.push_back(static_cast<float>((i * (g + 3) + g) % (g + 2)));
    row.push_back(1);
    row.push_back(0);
    counts.push_back(row);
  }
  return counts;
}

PrepareOptions plain_counts(const std::string& select, std::int64_t n) {
  PrepareOptions options{.target_sum = 0, .log1p = false, .min_cells_per_gene = 0};
  options.genes = {.select = select, .n = n};
  return options;
}

}  // namespace

TEST_CASE("genes of simulated cells are chosen as scanpy chooses them") {
  const auto truth = truth_of("../prepare/make_selection_truth.py");
  if (!truth) return;
  for (const auto& item : *truth) check_against_scanpy(split_of(item["counts"].get<std::vector<std::vector<float>>>()), item);
}

TEST_CASE("genes of measured cells are chosen as scanpy chooses them") {
  const auto shared = shared_data();
  if (!shared) return;
  const auto kang = std::filesystem::absolute(*shared / "ifnb-kang/kang.h5ad");
  const auto combat = std::filesystem::absolute(*shared / "covid-combat/covid.h5ad");
  const auto truth = truth_of("../prepare/make_selection_truth.py", kang.string() + ":" + combat.string());
  if (!truth) return;
  check_against_scanpy(split_of_file(kang), (*truth)[0]);
  check_against_scanpy(split_of_file(combat), (*truth)[1]);
}

TEST_CASE("the loess curve is scikit-misc's") {
  const auto truth = golden();
  const auto x = truth["x"].get<std::vector<double>>(), y = truth["y"].get<std::vector<double>>();
  const auto curve = fit_loess(x, y);
  REQUIRE(curve.size() == truth["curve"].size());
  for (std::size_t i = 0; i < curve.size(); ++i) CHECK(std::abs(curve[i] - truth["curve"][i].get<double>()) < 1e-7);
  // Shuffled points give the same curve.
  const std::vector<double> back_x(x.rbegin(), x.rend()), back_y(y.rbegin(), y.rend());
  const auto back = fit_loess(back_x, back_y);
  for (std::size_t i = 0; i < curve.size(); ++i) CHECK(back[curve.size() - 1 - i] == doctest::Approx(curve[i]));
}

TEST_CASE("a quadratic is its own loess curve, and few or equal points give a line or a mean") {
  std::vector<double> x, y;
  for (int i = 0; i < 60; ++i) {
    x.push_back(i * 0.1 - 2);
    y.push_back(3 - x.back() + 0.5 * x.back() * x.back());
  }
  const auto curve = fit_loess(x, y);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(curve[i] == doctest::Approx(y[i]));
  CHECK(fit_loess({}, {}).empty());
  CHECK(fit_loess(std::vector<double>{2}, std::vector<double>{5}) == std::vector<double>{5});
  for (const double value : fit_loess(std::vector<double>(9, 1.5), std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9}))
    CHECK(value == doctest::Approx(5));
  const std::vector<double> two = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
  for (const double value : fit_loess(two, two)) CHECK(std::isfinite(value));
}

TEST_CASE("standardised variance is scanpy's, clipped counts and all") {
  const auto truth = golden();
  std::vector<std::vector<float>> counts;
  for (const std::string row : truth["counts"]) {
    counts.emplace_back();
    for (const char c : row) counts.back().push_back(static_cast<float>(c - '0'));
    // Every fifth cell of the split is held out: four cells of the example, then one that must not matter.
    if (counts.size() % 5 == 4) counts.emplace_back(counts.back().size(), 1000.0F);
  }
  const Split split = split_of(counts);
  REQUIRE(split.train().n_cells() == 60);
  std::vector<std::int64_t> genes(counts[0].size());
  for (std::size_t g = 0; g < genes.size(); ++g) genes[g] = static_cast<std::int64_t>(g);
  const auto variance = standardised_variance({}, split.train(), genes);
  for (std::size_t g = 0; g < genes.size(); ++g) {
    CAPTURE(g);
    CHECK(variance[g] == doctest::Approx(truth["variance"][g].get<double>()).epsilon(1e-6));
  }
}

TEST_CASE("genes are chosen from the training cells alone: counts that are no numbers elsewhere change no choice") {
  ExampleOptions poisoned;
  poisoned.poisoned = {"GSM8325046", "GSM8325054", "GSM8325052", "GSM8325057"};
  const SplitOptions matched = {.scheme = "matched", .by = "day", .validation = {"0"}, .test = {"19"}};
  const Split clean = split_example(make_example(lmna_units()), matched);
  const Split dirty = split_example(make_example(lmna_units(), poisoned), matched);
  for (const char* select : {"variance", "seurat", "cell_ranger", "seurat_v3", "all"}) {
    PrepareOptions options;
    options.genes = {.select = select, .n = 8};
    CHECK(fit_preparation({}, clean.train(), options).genes == fit_preparation({}, dirty.train(), options).genes);
  }
}

TEST_CASE("fewer genes than asked for: all that can be ranked are kept") {
  const Split split = split_of(small_counts(6));
  for (const char* select : {"variance", "seurat_v3", "all"}) CHECK(chosen(split, select, 100, 0).size() == 8);
  // A gene without a count has no dispersion among logarithms; scanpy leaves it out too.
  CHECK(chosen(split, "seurat", 100, 0).count(7) == 0);
  CHECK_FALSE(chosen(split, "seurat", 100, 0).empty());
  CHECK(chosen(split_of(small_counts(60)), "cell_ranger", 100, 0).size() > 30);
}

TEST_CASE("the same values in every cell leave nothing to choose by dispersion, and that is said") {
  const Split split = split_of(std::vector<std::vector<float>>(40, {3, 1, 4, 1, 5}));
  for (const char* select : {"seurat", "cell_ranger"})
    CHECK(says(sentence<DataError>([&] { fit_preparation({}, split.train(), plain_counts(select, 2)); }),
               std::string("[prepare] genes select = \"") + select + "\": found no gene that varies"));
  for (const char* select : {"variance", "seurat_v3"})
    CHECK(fit_preparation({}, split.train(), plain_counts(select, 2)).genes.ids == std::vector<std::string>{"0", "1"});
}

TEST_CASE("a single gene and a single training cell are no reason to fall over") {
  const std::vector<std::vector<float>> one_gene = {{1}, {2}, {0}, {4}, {1}, {3}, {2}, {2}, {0}, {3}};
  CHECK(fit_preparation({}, split_of(one_gene).train(), plain_counts("seurat", 1)).genes.size() == 1);
  CHECK(fit_preparation({}, split_of(one_gene).train(), plain_counts("seurat_v3", 1)).genes.size() == 1);
  std::vector<std::int64_t> genes = {0};
  CHECK(std::isfinite(standardised_variance({}, split_of(one_gene).train(), genes)[0]));

  const GeneMoments one_cell{.mean = {2, 0, 1}, .variance = {0, 0, 0}};
  for (const double x : seurat_dispersion(one_cell).normalised) CHECK(std::isnan(x));
  for (const double x : cell_ranger_dispersion(one_cell).normalised) CHECK(std::isnan(x));
  CHECK(seurat_dispersion({}).normalised.empty());
  CHECK(cell_ranger_dispersion({}).normalised.empty());
}

TEST_CASE("percentiles that coincide are joined and said") {
  std::vector<std::vector<float>> counts;
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<float> row(30);
    row[i % 10] = 1;  // ten genes of one mean, twenty without a count
    counts.push_back(row);
  }
  std::string warned;
  RunContext context;
  context.warn = [&](std::string_view line) { warned += line; };
  const Split split = split_of(counts);
  try {
    fit_preparation(context, split.train(), plain_counts("cell_ranger", 5));
  } catch (const DataError&) {  // whether a gene is left does not matter here
  }
  CHECK(says(warned, "percentile bins without width were joined"));
}
