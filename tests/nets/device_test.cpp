#include <cellverdict/base/random.h>
#include <cellverdict/nets/bag_classifier.h>
#include <cellverdict/nets/mlp.h>

#include <doctest/doctest.h>

#include <array>

using namespace cellverdict;

namespace {

constexpr std::int64_t kGenes = 50, kCells = 12;

CsrBlock cells() {
  CsrBlock block;
  Random random(6, "device cells");
  for (std::int64_t i = 0; i < kCells; ++i) {
    for (std::int32_t g = 0; g < kGenes; ++g)
      if (random.below(3) == 0) block.push(g, static_cast<float>(random.uniform() * 3));
    block.end_row();
  }
  return block;
}

void check_same(const torch::Tensor& here, const torch::Tensor& there) {
  CHECK(there.is_cuda());
  CHECK((here - there.cpu()).abs().max().item<double>() < 1e-3);
}

}  // namespace

TEST_CASE("a net on the graphics card gives the logits of the processor, within 1e-3") {
  if (!torch::cuda::is_available()) {
    MESSAGE("skipped: no CUDA device");
    return;
  }
  const torch::NoGradGuard no_gradient;
  const CsrBlock block = cells();
  const CellBatch batch{block, FirstLayerKernel::dense, 1};
  const std::array<std::int64_t, 4> offsets = {0, 4, 5, kCells};
  for (const char* aggregator : {"mean", "sum", "linear-attention", "nonlinear-attention", "gated-attention", "transformer"})
    for (const char* encoder : {"linear", "mlp"}) {
      CAPTURE(aggregator);
      CAPTURE(encoder);
      BagClassifier net({.n_genes = kGenes,
                         .n_classes = 3,
                         .cell_encoder = encoder,
                         .width = 16,
                         .aggregator = aggregator,
                         .attention_width = 8,
                         .heads = 2,
                         .layers = 2,
                         .patient_width = 10},
                        3);
      net.eval();
      const torch::Tensor here = net.forward({batch, offsets});
      net.to(torch::kCUDA);
      check_same(here, net.forward({batch, offsets}));
    }
  Mlp net({.n_genes = kGenes, .width = 20, .depth = 2, .head_logits = {1, 3}}, 3);
  net.eval();
  const auto here = net.forward(batch, 0);
  net.to(torch::kCUDA);
  const auto there = net.forward(batch, 0);
  for (std::size_t h = 0; h < here.size(); ++h) check_same(here[h], there[h]);
}
