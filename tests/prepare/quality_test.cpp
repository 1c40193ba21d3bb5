#include <cellverdict/prepare/quality.h>
#include <cellverdict/prepare/value_state.h>

#include <doctest/doctest.h>

#include <cmath>

#include "split/example_cohort.h"
#include "stats/truth_script.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

CsrBlock block(const std::vector<std::vector<float>>& rows) {
  CsrBlock out;
  for (const auto& row : rows) {
    for (std::size_t g = 0; g < row.size(); ++g)
      if (row[g] != 0) out.push(static_cast<std::int32_t>(g), row[g]);
    out.end_row();
  }
  return out;
}

CellQuality quality_of(const std::vector<float>& counts) {
  return measure_quality(block({counts}).row(0), {1, 3});
}

}  // namespace

TEST_CASE("a cell's quality is its total, its genes with a count, and the mitochondrial share of its counts") {
  const CellQuality quality = quality_of({6, 1, 0, 1});
  CHECK(quality.total == 8);
  CHECK(quality.n_genes == 3);
  CHECK(quality.mito_percent == 25);
  const CellQuality empty = quality_of({0, 0, 0, 0});
  CHECK(empty.total == 0);
  CHECK(empty.mito_percent == 0);
}

TEST_CASE("the thresholds keep cells on them and drop the next ones") {
  const PrepareOptions options{.min_genes = 200, .max_genes = 6000, .max_mito_percent = 20};
  const auto verdict = [&](std::int64_t n_genes, double mito) {
    return judge_quality({.total = 1000, .n_genes = n_genes, .mito_percent = mito}, options);
  };
  CHECK(verdict(200, 0) == QualityVerdict::passes);
  CHECK(verdict(199, 0) == QualityVerdict::too_few_genes);
  CHECK(verdict(6000, 0) == QualityVerdict::passes);
  CHECK(verdict(6001, 0) == QualityVerdict::too_many_genes);
  CHECK(verdict(1000, 20) == QualityVerdict::passes);
  CHECK(verdict(1000, 20.001) == QualityVerdict::too_much_mito);
  CHECK(verdict(199, 50) == QualityVerdict::too_few_genes);  // the first that fails is named
}

TEST_CASE("thresholds set to zero, or the share to 100, are off") {
  const PrepareOptions options{.min_genes = 0, .max_genes = 0, .max_mito_percent = 100};
  CHECK(judge_quality({.total = 0, .n_genes = 0, .mito_percent = 0}, options) == QualityVerdict::passes);
  CHECK(judge_quality({.total = 9, .n_genes = 99999, .mito_percent = 100}, options) == QualityVerdict::passes);
}

TEST_CASE("thresholds by median absolute deviations drop the cells that scanpy's tutorial drops, on top of the fixed ones") {
  const auto truth = truth_of("../prepare/make_quality_truth.py");
  if (!truth) return;
  for (const auto& unit : *truth) {
    std::vector<CellQuality> cells;
    for (const auto& cell : unit["cells"]) cells.push_back({.total = cell[0], .n_genes = cell[1], .mito_percent = cell[2]});
    const PrepareOptions options{
        .min_genes = unit["min_genes"], .max_genes = unit["max_genes"], .max_mito_percent = unit["max_mito_percent"]};
    const QualityBounds bounds = fit_mad_bounds(cells, unit["mads"], options);
    std::vector<bool> passes;
    for (const auto& cell : cells) passes.push_back(judge_quality(cell, bounds) == QualityVerdict::passes);
    CHECK(passes == unit["passes"].get<std::vector<bool>>());
    CHECK(bounds.max_mito_percent == doctest::Approx(unit["mito_bound"].get<double>()));
  }
}

TEST_CASE("without median absolute deviations, and without cells, the fixed thresholds stand alone") {
  const PrepareOptions options{.min_genes = 2, .max_genes = 0, .max_mito_percent = 20};
  const std::vector<CellQuality> cells = {{.total = 3, .n_genes = 2}, {.total = 3000, .n_genes = 900}, {.total = 4, .n_genes = 3}};
  for (const QualityBounds& bounds : {fit_mad_bounds(cells, 0, options), fit_mad_bounds({}, 5, options)}) {
    CHECK(judge_quality({.total = 1e9, .n_genes = 100000, .mito_percent = 20}, bounds) == QualityVerdict::passes);
    CHECK(judge_quality({.total = 1, .n_genes = 1}, bounds) == QualityVerdict::too_few_genes);
  }
}

TEST_CASE("one cell alone, and cells that are all alike, pass their own thresholds") {
  const PrepareOptions options{.min_genes = 0};
  // 1236 comes back from ln and exp as another number.
  const std::vector<CellQuality> alike(7, {.total = 1236, .n_genes = 7, .mito_percent = 1.0 / 3});
  for (const std::size_t n : {1U, 2U, 7U}) {
    const QualityBounds bounds = fit_mad_bounds(std::span(alike).first(n), 3, options);
    CHECK(judge_quality(alike[0], bounds) == QualityVerdict::passes);
    CHECK(judge_quality({.total = 1235, .n_genes = 7}, bounds) == QualityVerdict::too_few_counts);
    CHECK(judge_quality({.total = 1237, .n_genes = 7}, bounds) == QualityVerdict::too_many_counts);
    CHECK(judge_quality({.total = 1236, .n_genes = 7, .mito_percent = 0.34}, bounds) == QualityVerdict::too_much_mito);
  }
}

TEST_CASE("the state of the values is told from the values") {
  CHECK(detect_value_state(block({{1, 0, 3}, {0, 70000, 0}})) == ValueState::counts);
  CHECK(detect_value_state(block({{0, 0}, {0, 0}})) == ValueState::counts);
  CHECK(detect_value_state(block({{1.5F, -0.2F}})) == ValueState::scaled);
  CHECK(detect_value_state(block({{0.7F, 2.1F}, {3.3F, 0}})) == ValueState::log1p);
  CHECK(detect_value_state(block({{0.7F, 200.5F}, {3.3F, 0}})) == ValueState::fractional_counts);
}

TEST_CASE("logarithms of a depth beyond a million are told by the equal sums of their cells") {
  std::vector<std::vector<float>> rows;
  for (const double share : {0.9, 0.7, 0.6}) {
    const double depth = 1e8;
    rows.push_back({static_cast<float>(std::log1p(depth * share)), static_cast<float>(std::log1p(depth * (1 - share)))});
  }
  CHECK(detect_value_state(block(rows)) == ValueState::log1p);
  rows[2][0] = 1500.5F;
  CHECK(detect_value_state(block(rows)) == ValueState::fractional_counts);
}

TEST_CASE("corrected counts of deep cells are not taken for logarithms") {
  // exp of each sum is beyond a double, for every cell.
  CHECK(detect_value_state(block({{900.5F, 1}, {1200.25F, 3}})) == ValueState::fractional_counts);
}

TEST_CASE("what must not be normalised again is refused, and counts that are not whole are said") {
  CHECK(check_value_state(ValueState::counts, "a.h5ad", true).empty());
  CHECK(says(sentence<DataError>([] { check_value_state(ValueState::log1p, "a.h5ad", false); }), "a second log would distort"));
  CHECK(says(sentence<DataError>([] { check_value_state(ValueState::scaled, "a.h5ad", false); }),
             "negative values, as scaling leaves"));
  CHECK(says(check_value_state(ValueState::fractional_counts, "a.h5ad", false), "a.h5ad: the counts are not all whole numbers"));
  CHECK(says(sentence<DataError>([] { check_value_state(ValueState::fractional_counts, "a.h5ad", true); }),
             "expected whole counts, because [prepare] counts = \"strict\""));
}
