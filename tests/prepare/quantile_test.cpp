#include <cellverdict/base/error.h>
#include <cellverdict/prepare/probe_summary.h>
#include <cellverdict/prepare/quantile.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "split/example_cohort.h"
#include "stats/truth_script.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

std::vector<std::vector<float>> rows_of(const nlohmann::json& columns) {
  std::vector<std::vector<float>> rows;
  for (const auto& column : columns) {
    rows.emplace_back();
    for (const auto& value : column) rows.back().push_back(value.is_null() ? kNone : value.get<float>());
  }
  return rows;
}

// Samples a row each; the last two are held out.
Split split_of(const std::vector<std::vector<float>>& rows) {
  Frame obs;
  GeneList genes;
  std::vector<std::string> label, unit;
  CsrBlock block;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    obs.index.push_back("s" + std::to_string(i));
    label.push_back(i % 2 == 0 ? "a" : "b");
    unit.push_back(i + 2 < rows.size() ? "first" : "last");
    for (std::size_t g = 0; g < rows[i].size(); ++g)
      if (rows[i][g] != 0) block.push(static_cast<std::int32_t>(g), rows[i][g]);
    block.end_row();
  }
  for (std::size_t g = 0; g < rows[0].size(); ++g) genes.ids.push_back("p" + std::to_string(g));
  genes.symbols = genes.ids;
  obs.set("label", make_text_column(label));
  obs.set("unit", make_text_column(unit));
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(block)));
  auto table =
      std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::vector<double>(rows.size(), 1), std::move(shards));
  const auto cohort =
      std::make_shared<const Cohort>(make_cohort(table, {.label = "label", .unit = "unit", .donor = "", .positive = ""}));
  return split_example(cohort, {.scheme = "lists", .test = {"last"}});
}

}  // namespace

TEST_CASE("quantile normalisation is limma's, with ties and missing values") {
  const auto truth = truth_of("../prepare/make_quantile_truth.py");
  if (!truth) return;
  auto rows = rows_of(truth->at("samples"));
  const auto expected = rows_of(truth->at("normalised"));
  QuantileSums sums(std::ssize(rows[0]));
  for (const auto& row : rows) sums.add(row, "sample");
  const QuantileReference reference = sums.reference();
  CHECK(reference.n_samples == 7);
  for (std::size_t i = 0; i < reference.values.size(); ++i)
    CHECK(reference.values[i] == doctest::Approx(truth->at("reference")[i].get<double>()).epsilon(1e-12));
  for (std::size_t s = 0; s < rows.size(); ++s) {
    apply_quantiles(reference, rows[s], "sample");
    for (std::size_t g = 0; g < rows[s].size(); ++g) {
      INFO(s, " ", g);
      CHECK(std::isnan(rows[s][g]) == std::isnan(expected[s][g]));
      if (!std::isnan(rows[s][g])) CHECK(rows[s][g] == doctest::Approx(expected[s][g]).epsilon(1e-6));
    }
  }
}

TEST_CASE("two equal values get the mean of the reference at their ranks") {
  const QuantileReference reference{.values = {1, 2, 4, 8}, .n_samples = 1};
  std::vector<float> sample = {5, 3, 5, 0};
  apply_quantiles(reference, sample, "s");
  CHECK(sample == std::vector<float>{6, 2, 6, 1});
}

TEST_CASE("a sample that lacks more than a tenth of the panel is refused") {
  std::vector<float> sample(20, 1);
  sample[0] = sample[1] = kNone;
  QuantileSums sums(20);
  sums.add(sample, "GSM1");
  sample[2] = kNone;
  CHECK_THROWS_WITH_AS(sums.add(sample, "GSM1"), doctest::Contains("GSM1: found 3 of the panel's 20 genes missing"), DataError);
  CHECK_THROWS_AS(apply_quantiles(sums.reference(), sample, "GSM1"), DataError);
  CHECK_THROWS_AS(QuantileSums(20).reference(), DataError);
  CHECK(find_panel({"b", "a"}, {"a", "x", "b"}, "GSE1") == std::vector<std::int32_t>{2, 0});
  CHECK_THROWS_WITH_AS(find_panel({"b", "a", "c"}, {"a", "x", "b"}, "GSE1"),
                       doctest::Contains("1 of the panel's 3 genes not measured (c)"), DataError);
}

TEST_CASE("samples held out move neither the reference nor the chosen probes") {
  std::vector<std::vector<float>> clean;
  for (int s = 0; s < 8; ++s) clean.push_back({static_cast<float>(s), 3, static_cast<float>(2 * s % 5), 1});
  auto poisoned = clean;
  poisoned[6] = {1000, -1000, 500, 90};
  poisoned[7] = {-7, 900, 900, 900};
  const Split a = split_of(clean), b = split_of(poisoned);
  CHECK(fit_quantiles(a.train()).values == fit_quantiles(b.train()).values);
  CHECK(fit_quantiles(a.train()).n_samples == a.train().n_cells());
  const ProbeGenes annotation{
      .source = "GPL1", .probes = {"p0", "p1", "p2", "p3"}, .starts = {0, 1, 2, 3, 4}, .genes = {"A", "A", "B", "B"}};
  const ProbeMap map = make_probe_map({"p0", "p1", "p2", "p3"}, annotation, MultiGene::drop);
  for (const auto summary : {ProbeSummary::max_mean, ProbeSummary::max_variance})
    CHECK(fit_probes(a.train(), map, summary).chosen == fit_probes(b.train(), map, summary).chosen);
  CHECK(fit_probes(a.train(), map, ProbeSummary::max_variance).chosen == std::vector<std::int32_t>{0, 2});
}
