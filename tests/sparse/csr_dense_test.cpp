#include <cellverdict/base/random.h>
#include <cellverdict/sparse/csr_dense.h>

#include <doctest/doctest.h>

#include <cmath>

using namespace cellverdict;

namespace {

constexpr std::int64_t kCells = 37, kGenes = 101, kWidth = 23;

// Rows of very different length, the first and last without a value.
CsrBlock cells() {
  CsrBlock block;
  Random random(1, "sparse cells");
  for (std::int64_t i = 0; i < kCells; ++i) {
    for (std::int32_t g = 0; g < kGenes; ++g)
      if (i > 0 && i + 1 < kCells && random.below(static_cast<std::uint64_t>(kCells)) < static_cast<std::uint64_t>(i))
        block.push(g, static_cast<float>(random.uniform() * 4 - 1));
    block.end_row();
  }
  return block;
}

std::vector<float> numbers(std::int64_t n, std::string_view purpose) {
  Random random(2, purpose);
  std::vector<float> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(static_cast<float>(random.uniform() - 0.5));
  return out;
}

double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
  return most;
}

}  // namespace

TEST_CASE("the dense copy holds the values at their places and zero elsewhere") {
  CsrBlock block;
  block.push(1, 2);
  block.end_row();
  block.end_row();
  block.push(0, 3);
  block.push(2, 4);
  block.end_row();
  std::vector<float> dense(9, 77);
  csr_to_dense(block, 3, dense);
  CHECK(dense == std::vector<float>{0, 2, 0, 0, 0, 0, 3, 0, 4});
}

TEST_CASE("the sparse product is the dense one, overwriting what was there") {
  const CsrBlock x = cells();
  std::vector<float> dense(kCells * kGenes);
  csr_to_dense(x, kGenes, dense);
  const auto w = numbers(kGenes * kWidth, "weights");
  std::vector<double> expected(kCells * kWidth);
  for (std::int64_t i = 0; i < kCells; ++i)
    for (std::int64_t j = 0; j < kWidth; ++j)
      for (std::int64_t g = 0; g < kGenes; ++g)
        expected[i * kWidth + j] += static_cast<double>(dense[i * kGenes + g]) * static_cast<double>(w[g * kWidth + j]);
  std::vector<float> y(kCells * kWidth, 99);
  csr_times_dense(x, w, kWidth, y, 1);
  CHECK(largest_difference(y, expected) < 1e-5);
}

TEST_CASE("the weight gradient is the dense transposed product, overwriting what was there") {
  const CsrBlock x = cells();
  std::vector<float> dense(kCells * kGenes);
  csr_to_dense(x, kGenes, dense);
  const auto dy = numbers(kCells * kWidth, "gradient");
  std::vector<double> expected(kGenes * kWidth);
  for (std::int64_t i = 0; i < kCells; ++i)
    for (std::int64_t g = 0; g < kGenes; ++g)
      for (std::int64_t j = 0; j < kWidth; ++j)
        expected[g * kWidth + j] += static_cast<double>(dense[i * kGenes + g]) * static_cast<double>(dy[i * kWidth + j]);
  std::vector<float> gradient(kGenes * kWidth, 99);
  csr_transposed_times_dense(x, dy, kWidth, gradient, 1);
  CHECK(largest_difference(gradient, expected) < 1e-5);
}

TEST_CASE("one thread, four, and more threads than rows or columns give the same bytes") {
  const CsrBlock x = cells();
  const auto w = numbers(kGenes * kWidth, "weights"), dy = numbers(kCells * kWidth, "gradient");
  std::vector<float> y(kCells * kWidth), gradient(kGenes * kWidth);
  csr_times_dense(x, w, kWidth, y, 1);
  csr_transposed_times_dense(x, dy, kWidth, gradient, 1);
  for (const int threads : {2, 3, 4, 64}) {
    std::vector<float> again(kCells * kWidth, -1), gradient_again(kGenes * kWidth, -1);
    csr_times_dense(x, w, kWidth, again, threads);
    csr_transposed_times_dense(x, dy, kWidth, gradient_again, threads);
    CHECK(again == y);
    CHECK(gradient_again == gradient);
  }
}

TEST_CASE("no cells give an empty product and a gradient of zero") {
  std::vector<float> y, gradient(6, 5);
  csr_times_dense({}, numbers(6, "w"), 2, y, 4);
  csr_transposed_times_dense({}, {}, 2, gradient, 4);
  CHECK(gradient == std::vector<float>(6, 0));
}
