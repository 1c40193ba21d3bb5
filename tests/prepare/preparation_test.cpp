#include <cellverdict/prepare/normalise.h>
#include <cellverdict/prepare/preparation.h>

#include <doctest/doctest.h>

#include <cmath>

#include "split/example_cohort.h"
#include "stats/truth_script.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

const SplitOptions kMatched = {.scheme = "matched", .by = "day", .validation = {"0"}, .test = {"19"}};

PrepareOptions few_genes(std::int64_t n) {
  PrepareOptions options{.min_cells_per_gene = 1};
  options.genes.n = n;
  return options;
}

bool same_bytes(const Preparation& a, const Preparation& b) {
  return a.genes == b.genes && a.mean == b.mean && a.sd == b.sd && a.median_total == b.median_total &&
         a.n_training_cells == b.n_training_cells && a.n_genes_detected == b.n_genes_detected;
}

// Cells × genes given in full; the first `n_train` cells are training. Every other cell is of class b.
Split split_of_matrix(const std::vector<std::vector<float>>& counts, std::size_t n_train) {
  Frame obs;
  GeneList genes;
  std::vector<std::string> label, unit;
  std::vector<double> totals;
  CsrBlock block;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    obs.index.push_back("c" + std::to_string(i));
    label.push_back(i % 2 == 0 ? "a" : "b");
    unit.push_back(i < n_train ? "first" + std::to_string(i / 15) : "last");
    double total = 0;
    for (std::size_t g = 0; g < counts[i].size(); ++g) {
      total += counts[i][g];
      if (counts[i][g] != 0) block.push(static_cast<std::int32_t>(g), counts[i][g]);
    }
    totals.push_back(total);
    block.end_row();
  }
  for (std::size_t g = 0; g < counts[0].size(); ++g) {
    genes.ids.push_back("g" + std::to_string(g));
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

// [cells, genes of the preparation], in full.
std::vector<std::vector<float>> prepared(const Preparation& preparation, const CellView& view) {
  const auto column = preparation_columns(preparation, view.genes());
  std::vector<std::vector<float>> rows;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    CsrBlock counts, out;
    view.append_counts(i, counts);
    apply_preparation(preparation, column, counts.row(0), view.total(i), out);
    rows.emplace_back(static_cast<std::size_t>(preparation.genes.size()));
    for (std::size_t k = 0; k < out.indices.size(); ++k) rows.back()[out.indices[k]] = out.values[k];
  }
  return rows;
}

UnitGeneSums sums_as_stored(const Cohort& cohort, const PrepareOptions& options) {
  UnitGeneSums sums{.normalisation = normalisation_name(options), .units = cohort.units};
  sums.sums.assign(cohort.units.size(), GeneSums(cohort.table->n_genes()));
  for (std::int64_t i = 0; i < cohort.table->n_cells(); ++i) {
    CsrBlock cell;
    cohort.table->append_row(i, cell);
    normalise_values(cell.values, cohort.table->total(i), options.target_sum, options.log1p);
    sums.sums[cohort.unit[i]].add(cell.row(0));
  }
  return sums;
}

void check_against(const Split& split, const PrepareOptions& options, const nlohmann::json& truth, const std::string& name) {
  const Preparation preparation = fit_preparation({}, split.train(), options);
  std::vector<std::string> genes;
  for (const int g : truth["genes"]) genes.push_back("g" + std::to_string(g));
  REQUIRE(preparation.genes.ids == genes);
  CHECK(preparation.n_genes_detected == truth["detected"]);
  CHECK(preparation.n_training_cells == truth["n_train"]);
  CHECK(preparation.median_total == doctest::Approx(truth["median_total"].get<double>()));
  auto rows = prepared(preparation, split.train());
  for (const auto& row : prepared(preparation, split.test())) rows.push_back(row);
  double most = 0;
  for (std::size_t g = 0; g < genes.size(); ++g) {
    most = std::max(most, std::abs(preparation.sd[g] - truth["sd"][g].get<double>()));
    most = std::max(most, std::abs(preparation.mean[g] - truth["mean"][g].get<double>()));
  }
  REQUIRE(rows.size() == truth[name].size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t g = 0; g < genes.size(); ++g)
      most = std::max(most, std::abs(static_cast<double>(rows[i][g]) - truth[name][i][g].get<double>()));
  CHECK(most < 1e-5);
}

}  // namespace

TEST_CASE("prepared cells are those of scanpy and scikit-learn, of the same genes") {
  const auto truth = truth_of("../prepare/make_preparation_truth.py");
  if (!truth) return;
  const Split split = split_of_matrix((*truth)["counts"], (*truth)["n_train"]);
  PrepareOptions options;
  options.genes.n = (*truth)["n_kept"];
  options.scale.clip = (*truth)["clip"];
  check_against(split, options, *truth, "scaled");
  options.scale.center = true;
  check_against(split, options, *truth, "centred");
}

TEST_CASE("preparation is learned from the training cells alone: counts that are no numbers elsewhere change no byte of it") {
  ExampleOptions poisoned;
  poisoned.poisoned = {"GSM8325046", "GSM8325054", "GSM8325052", "GSM8325057"};
  const Split clean = split_example(make_example(lmna_units()), kMatched);
  const Split dirty = split_example(make_example(lmna_units(), poisoned), kMatched);
  CsrBlock cell;
  dirty.test().append_counts(0, cell);
  REQUIRE(std::isnan(cell.values[0]));
  CHECK(same_bytes(fit_preparation({}, clean.train(), few_genes(8)), fit_preparation({}, dirty.train(), few_genes(8))));

  // A training cell, though, does matter.
  poisoned.poisoned = {"GSM8325047"};
  const Split spoilt = split_example(make_example(lmna_units(), poisoned), kMatched);
  CHECK_FALSE(same_bytes(fit_preparation({}, clean.train(), few_genes(8)), fit_preparation({}, spoilt.train(), few_genes(8))));
}

TEST_CASE("sums from the store give the same bytes as the cells themselves, poisoned test units or not") {
  for (const bool poison : {false, true}) {
    ExampleOptions example;
    if (poison) example.poisoned = {"GSM8325046", "GSM8325054", "GSM8325052", "GSM8325057"};
    const auto plain = make_example(lmna_units(), example);
    const auto stored = make_example(lmna_units(), example, sums_as_stored(*plain, few_genes(8)));
    const Split with_sums = split_example(stored, kMatched), without = split_example(plain, kMatched);
    CHECK(with_sums.train().stored_sums(normalisation_name({})).has_value());
    CHECK(same_bytes(fit_preparation({}, with_sums.train(), few_genes(8)), fit_preparation({}, without.train(), few_genes(8))));
  }
}

TEST_CASE("stored sums are not used where they are of other values or of more cells than are trained on") {
  const auto plain = make_example(lmna_units());
  const auto stored = make_example(lmna_units(), {}, sums_as_stored(*plain, {}));
  CHECK_FALSE(split_example(stored, kMatched).train().stored_sums("counts, 5000 per cell, log1p").has_value());
  CHECK_FALSE(split_example(stored, {.scheme = "random-cells"}).train().stored_sums(normalisation_name({})).has_value());
  const Split torn = split_example(stored, {.scheme = "random-cells"}),
              torn_plain = split_example(plain, {.scheme = "random-cells"});
  CHECK(same_bytes(fit_preparation({}, torn.train(), few_genes(8)), fit_preparation({}, torn_plain.train(), few_genes(8))));
}

TEST_CASE("a gene that does not vary is divided by one, also when rounding leaves a trace of variance") {
  std::vector<std::vector<float>> counts(40, {3, 0, 1});
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i][2] = static_cast<float>(i % 5 + 1);
  for (auto& row : counts) row[0] = 0.1F;  // a sum of squares that is not exact
  PrepareOptions options{.target_sum = 0, .log1p = false, .min_cells_per_gene = 0};
  options.genes.select = "all";
  const Preparation p = fit_preparation({}, split_of_matrix(counts, 30).train(), options);
  CHECK(p.sd[0] == 1);
  CHECK(p.sd[1] == 1);
  CHECK(p.sd[2] == doctest::Approx(std::sqrt(2.0)));
}

TEST_CASE("of genes with the same variance the earlier ones are taken") {
  std::vector<std::vector<float>> counts;
  for (int i = 0; i < 40; ++i) {
    const auto x = static_cast<float>(i % 4);
    counts.push_back({x, x, 2 * x, x, x});
  }
  PrepareOptions options{.target_sum = 0, .log1p = false, .min_cells_per_gene = 1};
  options.genes.n = 3;
  CHECK(fit_preparation({}, split_of_matrix(counts, 30).train(), options).genes.ids == std::vector<std::string>{"g0", "g1", "g2"});
}

TEST_CASE("every step can be switched off") {
  std::vector<std::vector<float>> counts;
  for (int i = 0; i < 40; ++i) counts.push_back({static_cast<float>(i), 0, static_cast<float>(i % 3 + 1)});
  PrepareOptions options{.target_sum = 0, .log1p = false, .min_cells_per_gene = 0};
  options.genes.select = "all";
  options.scale.by = "none";
  options.scale.clip = 0;
  const Split split = split_of_matrix(counts, 30);
  const Preparation p = fit_preparation({}, split.train(), options);
  CHECK(p.genes.size() == 3);
  auto rows = prepared(p, split.train());
  for (const auto& row : prepared(p, split.test())) rows.push_back(row);
  CHECK(rows == counts);
  options.scale.clip = 5;
  CHECK(prepared(fit_preparation({}, split.train(), options), split.test())[0] == std::vector<float>{5, 0, 1});
  options.target_sum = 100;
  CHECK(prepared(fit_preparation({}, split.train(), options), split.train())[0] == std::vector<float>{0, 0, 5});
  CHECK(normalisation_name(options) == "counts, 100 per cell");
  CHECK(normalisation_name({}) == "counts, 10000 per cell, log1p");
}

TEST_CASE("genes in too few training cells are left out, counted, and none left is an error") {
  std::vector<std::vector<float>> counts;
  for (int i = 0; i < 40; ++i) counts.push_back({1, i < 9 ? 1.0F : 0.0F, i < 10 ? 1.0F : 0.0F, i >= 30 ? 1.0F : 0.0F});
  const Split split = split_of_matrix(counts, 30);
  const Preparation p = fit_preparation({}, split.train(), {});
  CHECK(p.genes.ids == std::vector<std::string>{"g0", "g2"});
  CHECK(p.seen.size() == 4);
  CHECK(p.n_genes_detected == 2);
  CHECK(says(sentence<DataError>([&] { fit_preparation({}, split.train(), {.min_cells_per_gene = 31}); }),
             "no gene with a count in that many of 30 training cells"));
}

TEST_CASE("a stranger's cell is prepared the same in whatever order its genes come, and genes it lacks are zero") {
  const Split split = split_example(make_example(lmna_units()), kMatched);
  const Preparation p = fit_preparation({}, split.train(), few_genes(18));
  GeneList reversed = split.train().genes();
  std::reverse(reversed.ids.begin(), reversed.ids.end());
  std::reverse(reversed.symbols.begin(), reversed.symbols.end());
  CsrBlock counts, backwards, prepared_counts, prepared_backwards;
  split.test().append_counts(4, counts);
  for (std::size_t k = counts.indices.size(); k-- > 0;)
    backwards.push(static_cast<std::int32_t>(reversed.size()) - 1 - counts.indices[k], counts.values[k]);
  backwards.end_row();
  apply_preparation(p, preparation_columns(p, split.train().genes()), counts.row(0), 40, prepared_counts);
  apply_preparation(p, preparation_columns(p, reversed), backwards.row(0), 40, prepared_backwards);
  CHECK(prepared_counts.indices == prepared_backwards.indices);
  CHECK(prepared_counts.values == prepared_backwards.values);
  CHECK(prepared_counts.indices.size() > 2);

  const GeneList one = {{p.genes.ids[1]}, {p.genes.symbols[1]}};
  CHECK(preparation_columns(p, one) == std::vector<std::int32_t>{1});
}

TEST_CASE("a cell without counts stays zero") {
  std::vector<float> none;
  normalise_values(none, 0, 1e4, true);
  CHECK(none.empty());
  std::vector<float> values = {1, 3};
  normalise_values(values, 4, 1e4, true);
  CHECK(values[0] == doctest::Approx(std::log1p(2500.0)));
  CHECK(values[1] == doctest::Approx(std::log1p(7500.0)));
}
