#include <cellverdict/encode/gene_medians.h>

#include <doctest/doctest.h>

#include <cmath>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

TEST_CASE("medians are of the values that are not zero, and the same whatever the memory") {
  CsrBlock cells;
  const std::vector<std::vector<std::pair<std::int32_t, float>>> rows = {
      {{0, 1}, {2, 4}}, {{0, 3}}, {{0, 2}, {1, 5}}, {}, {{0, 8}, {1, 7}, {2, 0}}};
  const std::vector<double> sizes = {10, 10, 20, 5, 40};
  for (const auto& row : rows) {
    for (const auto& [gene, count] : row) cells.push(gene, count);
    cells.end_row();
  }
  const CellPass pass = [&](const auto& see) {
    for (std::int64_t i = 0; i < cells.n_rows(); ++i) see(cells.row(i), sizes[i]);
  };
  for (const std::int64_t memory : {8, 40, 1'000'000}) {
    const GeneMedians found = non_zero_medians(4, pass, memory, 2);
    CHECK(found.medians[0] == (1000 + 2000) / 2.0);  // 1000, 3000, 1000, 2000
    CHECK(found.medians[1] == (2500 + 1750) / 2.0);
    CHECK(found.medians[2] == 4000);
    CHECK(std::isnan(found.medians[3]));
    CHECK(found.n_cells == std::vector<std::int64_t>{4, 2, 1, 0});
    CHECK(found.n_passes == (memory == 8 ? 4 : memory == 40 ? 3 : 2));
  }
}

TEST_CASE("medians are learned from the training cells alone") {
  const Split split = split_example(make_example(lmna_units(60)), lmna_lists());
  const TrainView train = split.train();
  const GeneMedians found = fit_gene_medians({}, train);
  const CellPass pass = [&](const auto& see) {
    for (std::int64_t i = 0; i < train.n_cells(); ++i) {
      CsrBlock cell;
      train.append_counts(i, cell);
      see(cell.row(0), train.total(i));
    }
  };
  const GeneMedians expected = non_zero_medians(train.genes().size(), pass, 1 << 20, 1);
  REQUIRE(found.medians.size() == expected.medians.size());
  std::int64_t n_seen = 0;
  for (std::size_t g = 0; g < found.medians.size(); ++g) {
    CHECK((found.medians[g] == expected.medians[g] || std::isnan(found.medians[g])));
    n_seen += found.n_cells[g];
  }
  CHECK(n_seen > 0);
}
