#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/sparse/csr_dense.h>
#include <cellverdict/sparse/tile_sweep.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace cellverdict;

namespace {

// Every row of another length, some empty.
CsrBlock cells(std::int64_t n, std::int64_t n_genes) {
  CsrBlock block;
  Random random(1, "swept cells");
  for (std::int64_t i = 0; i < n; ++i) {
    const double density = i % 5 == 3 ? 0 : 0.3 * random.uniform();
    for (std::int64_t g = 0; g < n_genes; ++g)
      if (random.uniform() < density || (n == 1 && n_genes == 1))
        block.push(static_cast<std::int32_t>(g), static_cast<float>(random.uniform() * 4 - 1));
    block.end_row();
  }
  return block;
}

std::vector<float> numbers(std::int64_t n) {
  Random random(2, "numbers");
  std::vector<float> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(static_cast<float>(random.uniform() - 0.5));
  return out;
}

// Largest difference of x · dense (or xᵀ · dense) from a sum in double precision, as a share of the sum of absolute products.
double worst(const CsrBlock& x, const std::vector<float>& dense, std::int64_t h, const std::vector<float>& out, bool transposed) {
  std::vector<double> exact(out.size()), size(out.size(), 1e-9);
  for (std::int64_t i = 0; i < x.n_rows(); ++i)
    for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k)
      for (std::int64_t j = 0; j < h; ++j) {
        const std::int64_t from = transposed ? i : x.indices[k], to = transposed ? x.indices[k] : i;
        const double product = static_cast<double>(x.values[k]) * static_cast<double>(dense[from * h + j]);
        exact[to * h + j] += product;
        size[to * h + j] += std::abs(product);
      }
  double most = 0;
  for (std::size_t i = 0; i < out.size(); ++i) most = std::max(most, std::abs(static_cast<double>(out[i]) - exact[i]) / size[i]);
  return most;
}

struct Shape {
  std::int64_t n, n_genes, h;
};
// Around the widths of strips (32, 64, 128) and over several tiles of genes (1,024 to 4,096).
const std::vector<Shape> kShapes = {{1, 1, 1},    {1, 1, 129},    {1, 700, 31},  {19, 1, 64},    {23, 90, 33},
                                    {40, 57, 65}, {12, 300, 127}, {9, 200, 128}, {7, 5000, 130}, {5, 9001, 512}};

}  // namespace

TEST_CASE("every build of the kernel gives the product of double precision, whatever the widths") {
  REQUIRE_FALSE(sweep_kernels().empty());
  for (const auto& kernel : sweep_kernels())
    for (const auto& [n, n_genes, h] : kShapes) {
      const CsrBlock x = cells(n, n_genes);
      const auto w = numbers(n_genes * h);
      std::vector<float> y(static_cast<std::size_t>(n * h), 99);
      sparse_times_dense(kernel, {x.indptr, x.indices, x.values}, w, h, y, 2, parallel_for);
      INFO(kernel.name, " ", n, " × ", n_genes, " → ", h);
      CHECK(worst(x, w, h, y, false) < 1e-6);
    }
}

TEST_CASE("the weight gradient is right for every shape, over more cells than a tile holds too") {
  auto shapes = kShapes;
  shapes.push_back({5000, 7, 40});
  for (const auto& [n, n_genes, h] : shapes) {
    const CsrBlock x = cells(n, n_genes);
    const auto dy = numbers(n * h);
    std::vector<float> gradient(static_cast<std::size_t>(n_genes * h), 99);
    csr_transposed_times_dense(x, dy, h, gradient, 2);
    INFO(n, " × ", n_genes, " → ", h);
    CHECK(worst(x, dy, h, gradient, true) < 1e-6);
  }
}

TEST_CASE("one and four threads give the same bytes in every build of the kernel and in the gradient") {
  for (const auto& [n, n_genes, h] : kShapes) {
    const CsrBlock x = cells(n, n_genes);
    const auto w = numbers(n_genes * h), dy = numbers(n * h);
    INFO(n, " × ", n_genes, " → ", h);
    for (const auto& kernel : sweep_kernels()) {
      std::vector<float> one(static_cast<std::size_t>(n * h)), four(one.size(), 5);
      sparse_times_dense(kernel, {x.indptr, x.indices, x.values}, w, h, one, 1, parallel_for);
      sparse_times_dense(kernel, {x.indptr, x.indices, x.values}, w, h, four, 4, parallel_for);
      CHECK(one == four);
    }
    std::vector<float> one(static_cast<std::size_t>(n_genes * h)), four(one.size(), 5);
    csr_transposed_times_dense(x, dy, h, one, 1);
    csr_transposed_times_dense(x, dy, h, four, 4);
    CHECK(one == four);
  }
}

TEST_CASE("tiles leave no trace: a product over many of them has the bytes of one sum from left to right") {
  const CsrBlock x = cells(6, 9001);
  const auto w = numbers(9001 * 3);
  // By the processor and the compiler's options, a product is rounded before it is added or is not.
  std::vector<float> fused(6 * 3), rounded(6 * 3);
  for (std::int64_t i = 0; i < 6; ++i)
    for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k)
      for (std::int64_t j = 0; j < 3; ++j) {
        const float weight = w[x.indices[k] * 3 + j];
        fused[i * 3 + j] = std::fma(x.values[k], weight, fused[i * 3 + j]);
        const volatile float product = x.values[k] * weight;
        rounded[i * 3 + j] += product;
      }
  for (const auto& kernel : sweep_kernels()) {
    std::vector<float> y(6 * 3);
    sparse_times_dense(kernel, {x.indptr, x.indices, x.values}, w, 3, y, 1, parallel_for);
    CHECK((y == fused || y == rounded));
  }
}

TEST_CASE("genes out of order or range are refused, never read past") {
  const auto refused = [](std::vector<std::int32_t> genes) {
    CsrBlock x;
    for (const auto g : genes) x.push(g, 1);
    x.end_row();
    std::vector<float> w(4 * 2), y(2);
    CHECK_THROWS_AS(csr_times_dense(x, w, 2, y, 1), InternalError);
    CHECK_THROWS_AS(csr_transposed_times_dense(x, y, 2, w, 1), InternalError);
  };
  refused({1, 0});
  refused({2, 2});
  refused({-1, 2});
  refused({0, 4});
}
