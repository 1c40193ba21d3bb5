#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/sparse/sampled_product.h>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace cellverdict;

namespace {

CsrBlock some_rows(std::int64_t n, std::int64_t n_genes) {
  CsrBlock x;
  Random random(3, "sampled");
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int32_t g = 0; g < n_genes; ++g)
      if (i != 2 && random.below(4) == 0) x.push(g, static_cast<float>(random.uniform() - 0.5));
    x.end_row();
  }
  return x;
}

std::vector<float> numbers(std::int64_t n, std::string_view purpose) {
  Random random(3, purpose);
  std::vector<float> out(static_cast<std::size_t>(n));
  for (float& v : out) v = static_cast<float>(random.uniform() * 2 - 1);
  return out;
}

}  // namespace

TEST_CASE("each entry is its value times the product of its cell's and its gene's rows, for widths of any remainder") {
  for (const std::int64_t h : {1, 3, 64, 65, 200}) {
    const std::int64_t n = 7, n_genes = 900;
    const CsrBlock x = some_rows(n, n_genes);
    const auto g = numbers(n * h, "g"), w = numbers(n_genes * h, "w");
    std::vector<float> out(x.values.size(), 7.0F);
    sampled_product(x, g, w, h, out, 1);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) {
        double sum = 0;
        for (std::int64_t j = 0; j < h; ++j) sum += static_cast<double>(g[i * h + j]) * w[x.indices[k] * h + j];
        CHECK(std::abs(out[k] - x.values[k] * sum) < 1e-5);
      }
    std::vector<float> threaded(out.size());
    sampled_product(x, g, w, h, threaded, 3);
    CHECK((threaded == out));
  }
}

TEST_CASE("a gene beyond the weights is refused before anything is read") {
  CsrBlock x;
  x.push(5, 1.0F);
  x.end_row();
  const std::vector<float> g(2, 1.0F), w(10, 1.0F);
  std::vector<float> out(1);
  CHECK_THROWS_AS(sampled_product(x, g, w, 2, out, 1), InternalError);
}
