#include <cellverdict/base/error.h>
#include <cellverdict/nets/latent_transformer.h>

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "base/scratch_folder.h"
#include "train/python_check.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

const LatentTransformerShape kSmallLatent = {
    .n_latent = 6, .width = 8, .heads = 4, .layers = 2, .feed_forward = 20, .head_logits = {1, 3}};

torch::Tensor small_latents() {
  torch::manual_seed(5);
  return torch::randn({7, 6});
}

// One number from all logits, each with its own weight.
torch::Tensor latent_score(const std::vector<torch::Tensor>& logits) {
  torch::Tensor total = torch::zeros({}, logits[0].options());
  for (const auto& head : logits)
    total = total + (head * torch::cos(torch::arange(head.numel()).to(head.options()).view(head.sizes()))).sum();
  return total;
}

double largest_off(const torch::Tensor& a, const torch::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

// Weights, latents, logits and gradients, as a dictionary that torch.load reads.
void write_transformer(const ScratchFolder& folder, const std::string& name, const LatentTransformerShape& shape, bool in_double) {
  LatentTransformer net(shape, 11);
  if (in_double) net.to(torch::kFloat64);
  torch::Tensor x = small_latents().to(in_double ? torch::kFloat64 : torch::kFloat32).requires_grad_();
  {
    const torch::NoGradGuard no_gradient;  // zeros would hide a bias that is left out
    for (auto& item : net.named_parameters()) item.value() += 0.1 * torch::randn(item.value().sizes()).to(item.value());
  }
  const auto logits = net.forward(x, 0);
  latent_score(logits).backward();
  c10::Dict<std::string, torch::Tensor> all;
  for (const auto& item : net.named_parameters()) {
    all.insert("state." + item.key(), item.value().detach());
    all.insert("gradient." + item.key(), item.value().grad());
  }
  all.insert("input.x", x.detach());
  all.insert("gradient.x", x.grad());
  for (std::size_t h = 0; h < logits.size(); ++h) all.insert("output." + std::to_string(h), logits[h].detach());
  all.insert("shape", torch::tensor({shape.n_latent, shape.width, shape.heads, shape.layers, shape.feed_forward_width()}));
  all.insert("scale_by_width", torch::tensor(shape.scale == "width"));
  const std::vector<char> bytes = torch::pickle_save(all);
  std::ofstream file(folder / (name + ".pt"), std::ios::binary);
  file.write(bytes.data(), std::ssize(bytes));
}

}  // namespace

TEST_CASE("logits and all gradients are those of torch.nn.TransformerEncoder") {
  const ScratchFolder folder;
  for (const bool in_double : {true, false})
    for (const bool positions : {true, false})
      for (const std::int64_t layers : {1, 2})
        for (const std::int64_t heads : {1, 4})
          for (const char* scale : {"head", "width"}) {
            LatentTransformerShape shape = kSmallLatent;
            shape.positions = positions;
            shape.layers = layers;
            shape.heads = heads;
            shape.scale = scale;
            const std::string name = std::string(in_double ? "double" : "single") + (positions ? "-positions-" : "-none-") +
                                     std::to_string(layers) + "-" + std::to_string(heads) + "-" + scale;
            write_transformer(folder, name, shape, in_double);
          }
  if (const auto status = check_in_python("nets/check_latent_transformer.py", folder / "")) CHECK(*status == 0);
}

TEST_CASE("without positions the Transformer cannot tell coordinates apart; with them it can") {
  const torch::Tensor x = small_latents(), order = torch::tensor({3, 0, 5, 1, 4, 2});
  const torch::Tensor moved = x.index_select(1, order);
  REQUIRE(largest_off(x, moved) > 1);
  LatentTransformerShape shape = kSmallLatent;
  shape.positions = false;
  LatentTransformer as_in_paper(shape, 3), with_positions(kSmallLatent, 3);
  for (std::size_t h = 0; h < 2; ++h) {
    CHECK(largest_off(as_in_paper.forward(x, 0)[h], as_in_paper.forward(moved, 0)[h]) < 1e-5);
    CHECK(largest_off(with_positions.forward(x, 0)[h], with_positions.forward(moved, 0)[h]) > 1e-2);
  }
}

TEST_CASE("cells in another order have their logits in that order, and none depends on the cells beside it") {
  LatentTransformer net(kSmallLatent, 3);
  const torch::Tensor x = small_latents(), order = torch::tensor({6, 2, 0, 1, 5, 4, 3});
  const auto all = net.forward(x, 0), moved = net.forward(x.index_select(0, order), 0), one = net.forward(x.narrow(0, 4, 1), 0);
  for (std::size_t h = 0; h < 2; ++h) {
    CHECK(largest_off(moved[h], all[h].index_select(0, order)) < 1e-5);
    CHECK(largest_off(one[h], all[h].narrow(0, 4, 1)) < 1e-5);
  }
}

TEST_CASE("weights of the Transformer are a function of the seed alone, and any number of threads gives the same bytes") {
  torch::manual_seed(1);
  LatentTransformer first(kSmallLatent, 7);
  torch::manual_seed(2);
  LatentTransformer second(kSmallLatent, 7), other(kSmallLatent, 8);
  for (const auto& item : first.named_parameters()) CHECK(torch::equal(item.value(), second.named_parameters()[item.key()]));
  CHECK_FALSE(torch::equal(first.named_parameters()["position"], other.named_parameters()["position"]));
  const int before = torch::get_num_threads();
  const torch::Tensor x = torch::randn({130, 6});
  torch::set_num_threads(1);
  latent_score(first.forward(x, 0)).backward();
  torch::set_num_threads(4);
  latent_score(second.forward(x, 0)).backward();
  torch::set_num_threads(before);
  for (const char* name : {"position", "token.weight", "layer0.self_attn.in_proj_weight"})
    CHECK(largest_off(first.named_parameters()[name].grad(), second.named_parameters()[name].grad()) < 1e-4);
}

TEST_CASE("dropout of the Transformer depends on the step while training and is off when predicting") {
  LatentTransformerShape shape = kSmallLatent;
  shape.dropout = 0.3;
  LatentTransformer net(shape, 7), plain(kSmallLatent, 7);
  const torch::Tensor x = small_latents();
  CHECK(torch::equal(net.forward(x, 1)[0], net.forward(x, 1)[0]));
  CHECK_FALSE(torch::equal(net.forward(x, 1)[0], net.forward(x, 2)[0]));
  net.eval();
  CHECK(torch::equal(net.forward(x, 1)[0], net.forward(x, 2)[0]));
  CHECK(largest_off(net.forward(x, 1)[1], plain.forward(x, 1)[1]) < 1e-6);
}

TEST_CASE("with positions a Transformer learns what one coordinate says, and nothing of it from the numbers without their places") {
  const int before = torch::get_num_threads();
  torch::set_num_threads(1);  // so small a net would only wait for them
  torch::manual_seed(9);
  const torch::Tensor x = torch::randn({256, 8});
  const torch::Tensor truth = (x.select(1, 2) > x.select(1, 5)).to(torch::kFloat32).unsqueeze(1);
  const auto accuracy = [&](bool positions) {
    LatentTransformer net({.n_latent = 8, .width = 16, .heads = 2, .positions = positions, .head_logits = {1}}, 4);
    torch::optim::Adam optimizer(net.parameters(), torch::optim::AdamOptions(1e-2));
    for (int step = 0; step < 60; ++step) {
      optimizer.zero_grad();
      torch::binary_cross_entropy_with_logits(net.forward(x, step)[0], truth).backward();
      optimizer.step();
    }
    return ((net.forward(x, 0)[0] > 0) == (truth > 0)).to(torch::kFloat32).mean().item<double>();
  };
  CHECK(accuracy(true) > 0.95);
  CHECK(accuracy(false) < 0.75);
  torch::set_num_threads(before);
}

TEST_CASE("a latent of another width and heads that do not divide the width are refused in one sentence") {
  LatentTransformer net(kSmallLatent, 7);
  CHECK_THROWS_WITH_AS(net.forward(torch::zeros({2, 5}), 0),
                       "Transformer on the latent: found 5 coordinates a cell, expected 6; use the latent of the autoencoder that "
                       "the net was made for.",
                       DataError);
  LatentTransformerShape shape = kSmallLatent;
  shape.heads = 3;
  CHECK_THROWS_AS(LatentTransformer(shape, 1), UsageError);
  shape.heads = 4;
  shape.scale = "none";
  CHECK_THROWS_AS(LatentTransformer(shape, 1), UsageError);
}
