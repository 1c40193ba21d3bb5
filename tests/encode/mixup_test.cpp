#include <cellverdict/encode/mixup.h>
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

TEST_CASE("shares follow Beta(α, α), partners are drawn as often as they are shown, every epoch anew and by the seed") {
  const std::vector<std::int64_t> draws = {0, 1, 2, 2, 2, 2};
  for (const double alpha : {0.2, 1.0, 3.0}) {
    CAPTURE(alpha);
    double sum = 0, squares = 0, n = 0, of_two = 0;
    for (int epoch = 1; epoch <= 400; ++epoch)
      for (const auto& pair : mixed_pairs(draws, {.per_bag = 2, .alpha = alpha}, 7, epoch)) {
        CHECK((pair.share >= 0 && pair.share <= 1));
        sum += pair.share;
        squares += pair.share * pair.share;
        of_two += pair.first == 2 ? 1 : 0;
        ++n;
      }
    CHECK(n == 400 * 12);
    const double mean = sum / n;
    CHECK(mean == doctest::Approx(0.5).epsilon(0.04));
    CHECK(squares / n - mean * mean == doctest::Approx(1 / (4 * (2 * alpha + 1))).epsilon(0.05));
    CHECK(of_two / n == doctest::Approx(4.0 / 6).epsilon(0.05));
  }
  const auto shares = [&](std::uint64_t seed, int epoch) { return mixed_pairs(draws, {.per_bag = 1}, seed, epoch).front().share; };
  CHECK(shares(7, 1) == shares(7, 1));
  CHECK(shares(7, 1) != shares(7, 2));
  CHECK(shares(7, 1) != shares(8, 1));
  double total = 0;
  for (int epoch = 1; epoch <= 1000; ++epoch) total += static_cast<double>(mixed_pairs(draws, {.per_bag = 0.25}, 7, epoch).size());
  CHECK(total / 1000 == doctest::Approx(1.5).epsilon(0.05));
  CHECK(mixed_pairs(draws, {}, 7, 1).empty());
}

TEST_CASE("a mixed patient has as many cells as the smaller of two, each λ of one cell and 1 − λ of another") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 4, 6)), {.scheme = "group", .test_fraction = 0.25});
  const RunContext context;
  const Preparation preparation =
      fit_preparation(context, split.train(), {.min_cells_per_gene = 0, .genes = {.select = "all", .n = 0}});
  const PreparedCells prepared(split.train(), preparation, 0);
  const Bags bags = labelled_bags_of(split.train());
  const std::vector<std::int64_t> first = {bags.cells[0][0], bags.cells[0][1], bags.cells[0][2]},
                                  second = {bags.cells[1][0], bags.cells[1][1]};
  const auto row_of = [&](const CsrBlock& block, std::int64_t i) {
    std::vector<double> dense(static_cast<std::size_t>(prepared.n_genes()));
    for (std::size_t k = 0; k < block.row(i).genes.size(); ++k) dense[block.row(i).genes[k]] = block.row(i).values[k];
    return dense;
  };
  const auto prepared_row = [&](std::int64_t cell) {
    CsrBlock one;
    prepared.append(cell, one);
    return row_of(one, 0);
  };
  PackedBags out;
  const MixedPair pair{.first = 0, .second = 1, .share = 0.3};
  append_mixed(prepared, pair, {first, second}, 7, out);
  REQUIRE(out.n_bags() == 1);
  REQUIRE(out.cells.n_rows() == 2);
  std::set<std::int64_t> from_second;
  for (std::int64_t i = 0; i < 2; ++i) {
    int found = 0;
    for (std::size_t k = 1; k < out.cells.row(i).genes.size(); ++k)
      CHECK(out.cells.row(i).genes[k - 1] < out.cells.row(i).genes[k]);
    for (const std::int64_t a : first)
      for (const std::int64_t b : second) {
        const auto x = prepared_row(a), y = prepared_row(b), mixed = row_of(out.cells, i);
        double worst = 0;
        for (std::size_t g = 0; g < mixed.size(); ++g) worst = std::max(worst, std::abs(mixed[g] - (0.3 * x[g] + 0.7 * y[g])));
        if (worst > 1e-5) continue;
        ++found;
        from_second.insert(b);
      }
    CHECK(found == 1);
  }
  CHECK(from_second.size() == 2);  // no cell twice
  PackedBags again;
  append_mixed(prepared, pair, {first, second}, 7, again);
  CHECK(again.cells.values == out.cells.values);
  append_mixed(prepared, {.first = 0, .second = 1, .share = 1}, {first, second}, 7, out);
  CHECK(out.offsets == std::vector<std::int64_t>{0, 2, 4});
}
