#include <cellverdict/encode/minibatches.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::vector<std::int64_t> flat(const std::vector<std::vector<std::int64_t>>& batches) {
  std::vector<std::int64_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

}  // namespace

TEST_CASE("shuffled minibatches hold every cell once, and no minibatch one cell alone") {
  for (const std::int64_t n : {2, 9, 10, 11, 12, 100, 101}) {
    const auto batches = shuffled_batches(n, 10, 42, 1);
    auto all = flat(batches);
    std::sort(all.begin(), all.end());
    REQUIRE(static_cast<std::int64_t>(all.size()) == n);
    for (std::int64_t i = 0; i < n; ++i) CHECK(all[i] == i);
    for (std::size_t b = 0; b < batches.size(); ++b) {
      CHECK(batches[b].size() > 1);
      if (b + 1 < batches.size()) CHECK(batches[b].size() == 10);
    }
  }
  CHECK(shuffled_batches(101, 10, 42, 1).size() == 10);
  CHECK(shuffled_batches(101, 10, 42, 1).back().size() == 11);
  CHECK(shuffled_batches(102, 10, 42, 1).back().size() == 2);
  CHECK(shuffled_batches(0, 10, 42, 1).empty());
}

TEST_CASE("the order depends on seed and epoch, and on nothing else") {
  const auto order = flat(shuffled_batches(100, 10, 42, 1));
  CHECK(order == flat(shuffled_batches(100, 33, 42, 1)));
  CHECK(order != flat(shuffled_batches(100, 10, 43, 1)));
  CHECK(order != flat(shuffled_batches(100, 10, 42, 2)));
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("minibatches for prediction are in file order, the last one as short as it is") {
  CHECK(ordered_batches(5, 2) == std::vector<std::vector<std::int64_t>>{{0, 1}, {2, 3}, {4}});
}

TEST_CASE("cells kept prepared and cells prepared at each reading are the same bytes") {
  for (const bool center : {false, true}) {
    const Split split = split_example(make_example(lmna_units(60)), lmna_lists());  // more cells than the density is judged by
    PrepareOptions options{.min_cells_per_gene = 1};
    options.genes.n = 7;
    options.scale.center = center;
    const Preparation preparation = fit_preparation({}, split.train(), options);
    const PreparedCells kept(split.train(), preparation, std::int64_t{1} << 30), read(split.train(), preparation, 0);
    CHECK(kept.cached());
    CHECK_FALSE(read.cached());
    CHECK(kept.density() == read.density());
    CHECK(kept.n_genes() == 7);
    CsrBlock from_memory, from_file;
    for (std::int64_t i = kept.n_cells() - 1; i >= 0; --i) {
      kept.append(i, from_memory);
      read.append(i, from_file);
    }
    CHECK(from_memory.n_rows() == 480);
    CHECK(from_memory.indptr == from_file.indptr);
    CHECK(from_memory.indices == from_file.indices);
    CHECK(from_memory.values == from_file.values);
    if (center) CHECK(kept.density() == 1);
    if (!center) CHECK(kept.density() < 0.8);
  }
}

TEST_CASE("density is the share of non-zero values") {
  const Split split = split_example(make_example(lmna_units(5)), lmna_lists());
  PrepareOptions options{.min_cells_per_gene = 0};
  options.genes.select = "all";
  const PreparedCells cells(split.train(), fit_preparation({}, split.train(), options), 1 << 20);
  CsrBlock all;
  for (std::int64_t i = 0; i < cells.n_cells(); ++i) cells.append(i, all);
  CHECK(cells.density() == doctest::Approx(static_cast<double>(all.values.size()) / (40.0 * 20)));
}

TEST_CASE("upsampled minibatches show every cell of the rarer classes, and the classes equally often") {
  std::vector<std::int32_t> classes(30, 0);
  for (int i = 0; i < 7; ++i) classes[static_cast<std::size_t>(4 * i)] = 1;
  classes[29] = -1;
  std::map<std::int64_t, int> shown;
  std::map<std::int32_t, int> of_class;
  for (const auto& batch : upsampled_batches(classes, 8, 3, 1))
    for (const auto i : batch) {
      ++shown[i];
      ++of_class[classes[static_cast<std::size_t>(i)]];
    }
  CHECK(shown.size() == 30);
  CHECK(of_class[0] == 22);
  CHECK(of_class[1] == 22);
  CHECK(of_class[-1] == 1);
  CHECK(upsampled_batches(classes, 8, 3, 1) == upsampled_batches(classes, 8, 3, 1));
  CHECK(upsampled_batches(classes, 8, 3, 1) != upsampled_batches(classes, 8, 3, 2));
}
