#include <cellverdict/table/gene_sums.h>

#include <doctest/doctest.h>

using namespace cellverdict;

namespace {

// Whole numbers, so that sums are exact in any order.
CsrBlock cells() {
  CsrBlock block;
  block.push(0, 1);
  block.push(2, 3);
  block.end_row();
  block.end_row();
  block.push(1, 2);
  block.push(2, -4);
  block.end_row();
  return block;
}

}  // namespace

TEST_CASE("sums are of values, squares and positive values per gene, and count empty cells") {
  GeneSums sums(4);
  const CsrBlock block = cells();
  for (std::int64_t i = 0; i < block.n_rows(); ++i) sums.add(block.row(i));
  CHECK(sums.n_cells == 3);
  CHECK(sums.sum == std::vector<double>{1, 2, -1, 0});
  CHECK(sums.sum_squares == std::vector<double>{1, 4, 25, 0});
  CHECK(sums.n_positive == std::vector<double>{1, 1, 1, 0});
}

TEST_CASE("sums of parts add up to the sums of the whole") {
  GeneSums whole(4), above(4), below(4);
  const CsrBlock block = cells();
  for (std::int64_t i = 0; i < block.n_rows(); ++i) {
    whole.add(block.row(i));
    (i < 1 ? above : below).add(block.row(i));
  }
  above.add(below);
  CHECK(above.n_cells == whole.n_cells);
  CHECK(above.sum == whole.sum);
  CHECK(above.sum_squares == whole.sum_squares);
  CHECK(above.n_positive == whole.n_positive);
}

TEST_CASE("a row is put into the order of its genes, values with them, and earlier rows stay") {
  CsrBlock block = cells();
  const auto begin = block.indices.size();
  block.push(3, 30);
  block.push(0, 1);
  block.push(2, 20);
  block.sort_from(begin);
  block.end_row();
  CHECK(block.indices == std::vector<std::int32_t>{0, 2, 1, 2, 0, 2, 3});
  CHECK(block.values == std::vector<float>{1, 3, 2, -4, 1, 20, 30});
}
