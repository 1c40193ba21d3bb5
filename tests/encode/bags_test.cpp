#include <cellverdict/encode/bags.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

Split lmna(int n_cells = 10) {
  return split_example(make_example(lmna_units(n_cells)), lmna_lists());
}

Preparation all_genes(const Split& split) {
  PrepareOptions options{.min_cells_per_gene = 1};
  options.genes.select = "all";
  return fit_preparation({}, split.train(), options);
}

}  // namespace

TEST_CASE("a bag is a unit: its cells are those of the view that name it, and each cell is in one bag") {
  const Split split = lmna(7);
  const Bags bags = labelled_bags_of(split.train());
  CHECK(bags.n_bags() == 8);
  CHECK(std::is_sorted(bags.unit.begin(), bags.unit.end()));
  std::set<std::int64_t> seen;
  for (std::int64_t b = 0; b < bags.n_bags(); ++b) {
    CHECK(bags.cells[b].size() == 7);
    for (const std::int64_t i : bags.cells[b]) {
      CHECK(split.train().unit(i) == bags.unit[b]);
      CHECK(split.train().label(i) == bags.label[b]);
      CHECK(seen.insert(i).second);
    }
  }
  CHECK(static_cast<std::int64_t>(seen.size()) == split.train().n_cells());
}

TEST_CASE("a unit with cells of two classes cannot be a bag to learn from, and the sentence names it") {
  const std::vector<ExampleUnit> units = {{"pool", "1", "a"}, {"pool", "2", "b"}, {"a1", "3", "a"}, {"b1", "4", "b"}};
  const Split split = split_example(make_example(units), {.scheme = "lists", .train = {"pool"}, .test = {"a1", "b1"}});
  const std::string said = sentence<DataError>([&] { labelled_bags_of(split.train()); });
  CHECK(says(said, "'pool'"));
  CHECK(says(said, "'a' and 'b'"));
  CHECK(bags_of(split.train()).n_bags() == 1);
}

TEST_CASE("cells of a bag are drawn without replacement, all when there are no more, and anew each epoch") {
  const Bags bags = bags_of(lmna(50).train());
  for (const std::int64_t n : {0, 50, 51}) CHECK(sample_bag(bags, 2, n, 42, 1) == bags.cells[2]);
  const auto drawn = sample_bag(bags, 2, 20, 42, 1);
  REQUIRE(drawn.size() == 20);
  CHECK(std::is_sorted(drawn.begin(), drawn.end()));
  CHECK(std::adjacent_find(drawn.begin(), drawn.end()) == drawn.end());
  CHECK(std::includes(bags.cells[2].begin(), bags.cells[2].end(), drawn.begin(), drawn.end()));
  CHECK(drawn == sample_bag(bags, 2, 20, 42, 1));
  CHECK(drawn != sample_bag(bags, 2, 20, 42, 2));
  CHECK(drawn != sample_bag(bags, 2, 20, 43, 1));
}

TEST_CASE("what is drawn of a bag does not depend on which other bags there are") {
  const Split split = lmna(50);
  const Bags train = bags_of(split.train());
  Bags alone{.unit = {train.unit[5]}, .label = {train.label[5]}, .cells = {train.cells[5]}};
  CHECK(sample_bag(train, 5, 20, 42, 3) == sample_bag(alone, 0, 20, 42, 3));
}

TEST_CASE("packed bags hold the prepared cells of each bag one after another") {
  const Split split = lmna();
  const PreparedCells prepared(split.train(), all_genes(split), 1 << 20);
  const Bags bags = bags_of(split.train());
  PackedBags packed;
  packed.append(prepared, 3, sample_bag(bags, 3, 4, 42, 1));
  packed.append(prepared, 0, bags.cells[0]);
  CHECK(packed.offsets == std::vector<std::int64_t>{0, 4, 14});
  CHECK(packed.members == std::vector<std::int64_t>{3, 0});
  CHECK(packed.cells.n_rows() == 14);
  CsrBlock cell;
  prepared.append(bags.cells[0][9], cell);
  CHECK(std::ranges::equal(cell.row(0).values, packed.cells.row(13).values));
  packed.clear();
  CHECK(packed.n_bags() == 0);
  CHECK(packed.offsets.size() == 1);
}

TEST_CASE("minibatches of bags hold every draw once, repeats too, in an order of seed and epoch") {
  const std::vector<std::int64_t> draws = {0, 0, 0, 1, 2, 3, 3};
  const auto batches = shuffled_bags(draws, 3, 42, 1);
  REQUIRE(batches.size() == 3);
  CHECK(batches.back().size() == 1);
  std::vector<std::int64_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  CHECK((batches == shuffled_bags(draws, 3, 42, 1)));
  CHECK((batches != shuffled_bags(draws, 3, 42, 2)));
  std::sort(all.begin(), all.end());
  CHECK(all == draws);
}

TEST_CASE("a bag has the value that most of its cells have, and bags of several values are counted") {
  const Split split = lmna();
  const BagColumn day = bag_column(split.train(), bags_of(split.train()), "day", "[bag] tissue");
  CHECK(day.n_mixed == 0);
  CHECK(day.values[day.code[0]] == "0");
  const std::vector<ExampleUnit> units = {
      {"a0", "1", "a", 1, 3}, {"a0", "1", "a", 2, 5}, {"b0", "2", "b", 7, 2}, {"a1", "3", "a"}, {"b1", "4", "b"}};
  const Split mixed = split_example(make_example(units), {.scheme = "lists", .test = {"a1", "b1"}});
  const BagColumn column = bag_column(mixed.train(), bags_of(mixed.train()), "day", "[bag] tissue");
  CHECK(column.n_mixed == 1);
  CHECK(column.values[column.code[0]] == "2");
  CHECK(column.values[column.code[1]] == "7");
}
