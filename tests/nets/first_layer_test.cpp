#include <cellverdict/base/random.h>
#include <cellverdict/nets/first_layer.h>

#include <doctest/doctest.h>

using namespace cellverdict;

TEST_CASE(
    "many cells at once, with genes that most of them and genes that few of them have, give the dense product and its gradient") {
  constexpr std::int64_t kCells = 1100, kGenes = 40, kWidth = 7;
  CsrBlock block;
  Random random(5, "many cells");
  for (std::int64_t i = 0; i < kCells; ++i) {
    for (std::int32_t g = 0; g < kGenes; ++g)
      if (random.below(100) < (g % 5 == 0 ? 60U : 4U)) block.push(g, static_cast<float>(random.uniform() * 3));
    block.end_row();
  }
  torch::manual_seed(1);
  FirstLayer layer(kGenes, kWidth);
  const torch::Tensor weights = torch::rand({kCells, kWidth});
  const auto run = [&](FirstLayerKernel kernel) {
    layer->zero_grad();
    const torch::Tensor y = layer->forward({block, kernel, 2});
    (y * weights).sum().backward();
    return std::pair(y.detach(), layer->weight().grad().clone());
  };
  const auto [y, gradient] = run(FirstLayerKernel::sparse);
  const auto [dense_y, dense_gradient] = run(FirstLayerKernel::dense);
  CHECK(torch::allclose(y, dense_y, 1e-5, 1e-5));
  CHECK(torch::allclose(gradient, dense_gradient, 1e-4, 1e-3));
  CHECK(gradient.abs().min().item<float>() > 0);  // every gene's was written
}
