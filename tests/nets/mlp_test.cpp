#include <cellverdict/base/random.h>
#include <cellverdict/nets/dropout.h>
#include <cellverdict/nets/mlp.h>

#include <doctest/doctest.h>

#include <cmath>

using namespace cellverdict;

namespace {

constexpr std::int64_t kGenes = 12, kCells = 9;

CsrBlock cells() {
  CsrBlock block;
  Random random(4, "net cells");
  for (std::int64_t i = 0; i < kCells; ++i) {
    for (std::int32_t g = 0; g < kGenes; ++g)
      if (i > 0 && random.below(3) > 0) block.push(g, static_cast<float>(random.uniform() * 3));
    block.end_row();
  }
  return block;
}

const MlpShape kSmall = {.n_genes = kGenes, .width = 5, .depth = 2, .dropout = 0, .activation = "tanh", .head_logits = {1, 3}};

// One number from all logits, each with its own weight.
torch::Tensor score(const std::vector<torch::Tensor>& logits) {
  torch::Tensor total = torch::zeros({});
  for (const auto& head : logits) total = total + (head * torch::cos(torch::arange(head.numel()).view(head.sizes()))).sum();
  return total;
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

bool same(const torch::Tensor& a, const torch::Tensor& b) {
  return torch::equal(a, b);
}

}  // namespace

TEST_CASE("the sparse and the dense first layer give the same values and the same gradients") {
  const CsrBlock block = cells();
  Mlp sparse(kSmall, 7), dense(kSmall, 7);
  const auto from_sparse = sparse.forward({block, FirstLayerKernel::sparse, 2}, 0);
  const auto from_dense = dense.forward({block, FirstLayerKernel::dense, 1}, 0);
  REQUIRE(from_sparse.size() == 2);
  CHECK(from_sparse[0].sizes() == torch::IntArrayRef({kCells, 1}));
  CHECK(from_sparse[1].sizes() == torch::IntArrayRef({kCells, 3}));
  for (std::size_t h = 0; h < 2; ++h) CHECK(largest_difference(from_sparse[h], from_dense[h]) < 1e-5);
  score(from_sparse).backward();
  score(from_dense).backward();
  const auto of_sparse = sparse.named_parameters(), of_dense = dense.named_parameters();
  double largest = 0;
  for (const auto& item : of_sparse) {
    CHECK(largest_difference(item.value().grad(), of_dense[item.key()].grad()) < 1e-5);
    largest = std::max(largest, item.value().grad().abs().max().item<double>());
  }
  CHECK(largest > 0.1);
}

TEST_CASE("gradients agree with finite differences, for the sparse and the dense first layer") {
  for (const auto kernel : {FirstLayerKernel::sparse, FirstLayerKernel::dense}) {
    const CsrBlock block = cells();
    Mlp net(kSmall, 3);
    const CellBatch batch{block, kernel, 1};
    score(net.forward(batch, 0)).backward();
    constexpr float kStep = 1e-2F;  // single precision: smaller steps drown in rounding
    for (auto& item : net.named_parameters()) {
      const torch::Tensor gradient = item.value().grad().flatten();
      torch::Tensor flat = item.value().detach().view({-1});  // shares the parameter's numbers
      for (std::int64_t k = 0; k < flat.numel(); k += 1 + flat.numel() / 7) {
        const float kept = flat[k].item<float>();
        const torch::NoGradGuard no_gradient;
        flat[k] = kept + kStep;
        const double above = score(net.forward(batch, 0)).item<double>();
        flat[k] = kept - kStep;
        const double below = score(net.forward(batch, 0)).item<double>();
        flat[k] = kept;
        const double expected = (above - below) / (2 * static_cast<double>(kStep));
        INFO(item.key(), " ", k);
        CHECK(std::abs(gradient[k].item<double>() - expected) < 0.01 + 0.02 * std::abs(expected));
      }
    }
  }
}

TEST_CASE("any number of threads gives the same bytes through the sparse first layer") {
  const CsrBlock block = cells();
  Mlp one(kSmall, 7), four(kSmall, 7);
  const auto a = one.forward({block, FirstLayerKernel::sparse, 1}, 0), b = four.forward({block, FirstLayerKernel::sparse, 4}, 0);
  CHECK(same(a[0], b[0]));
  score(a).backward();
  score(b).backward();
  CHECK(same(one.named_parameters()["hidden0.weight"].grad(), four.named_parameters()["hidden0.weight"].grad()));
}

TEST_CASE("weights are a function of the seed alone") {
  torch::manual_seed(1);
  const Mlp first(kSmall, 7);
  torch::manual_seed(2);
  const Mlp second(kSmall, 7), other(kSmall, 8);
  for (const auto& item : first.named_parameters()) CHECK(same(item.value(), second.named_parameters()[item.key()]));
  CHECK_FALSE(same(first.named_parameters()["hidden0.weight"], other.named_parameters()["hidden0.weight"]));
}

TEST_CASE("the first layer begins as the library's own linear layer does") {
  const Mlp net({.n_genes = 400, .width = 300, .depth = 1, .head_logits = {1}}, 5);
  const torch::Tensor weight = net.named_parameters()["hidden0.weight"];
  const double bound = 1 / std::sqrt(400.0);
  CHECK(weight.abs().max().item<double>() <= bound);
  CHECK(weight.std().item<double>() == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.02));
  CHECK(weight.mean().item<double>() == doctest::Approx(0).epsilon(0.001));
}

TEST_CASE("every depth has its layers, and a relu net gives other numbers than a tanh net") {
  const CsrBlock block = cells();
  for (const std::int64_t depth : {1, 2, 4}) {
    MlpShape shape = kSmall;
    shape.depth = depth;
    Mlp net(shape, 1);
    // (weight, bias) and (scale, shift) a layer, (weight, bias) a head.
    CHECK(static_cast<std::int64_t>(net.named_parameters().size()) == 4 * depth + 4);
    CHECK(net.forward({block, FirstLayerKernel::dense, 1}, 0)[1].sizes() == torch::IntArrayRef({kCells, 3}));
  }
  MlpShape shape = kSmall;
  shape.activation = "relu";
  Mlp relu(shape, 7), tanh(kSmall, 7);
  CHECK_FALSE(
      same(relu.forward({block, FirstLayerKernel::dense, 1}, 0)[0], tanh.forward({block, FirstLayerKernel::dense, 1}, 0)[0]));
}

TEST_CASE("dropout takes the share it is asked for and keeps the mean") {
  const torch::Tensor x = torch::ones({301, 401});
  for (const double p : {0.1, 0.3, 0.5, 0.9}) {
    const torch::Tensor y = counter_dropout(x, p, 123);
    CHECK((y == 0).to(torch::kFloat64).mean().item<double>() == doctest::Approx(p).epsilon(0.02));
    CHECK(y.mean().item<double>() == doctest::Approx(1).epsilon(0.03));
    CHECK(y.max().item<double>() == doctest::Approx(1 / (1 - p)).epsilon(0.001));
  }
  CHECK(same(counter_dropout(x, 0, 123), x));
}

TEST_CASE("a dropout mask is a function of its key, and masks of different keys are independent") {
  const torch::Tensor x = torch::ones({301, 401});
  const torch::Tensor once = counter_dropout(x, 0.3, 123);
  CHECK(same(once, counter_dropout(x, 0.3, 123)));
  for (const std::uint64_t key : {124, 127, 1000000}) {
    const torch::Tensor other = counter_dropout(x, 0.3, key);
    const double both = ((once == 0) & (other == 0)).to(torch::kFloat64).mean().item<double>();
    CHECK(both == doctest::Approx(0.09).epsilon(0.05));
  }
}

TEST_CASE("the gradient passes through the units that were kept, and through no other") {
  const torch::Tensor x = torch::ones({5, 7}).requires_grad_();
  const torch::Tensor y = counter_dropout(x, 0.5, 9);
  y.sum().backward();
  CHECK(same(x.grad(), y.detach()));
}

TEST_CASE("dropout depends on the step while training and is off when predicting") {
  const CsrBlock block = cells();
  MlpShape shape = kSmall;
  shape.dropout = 0.5;
  Mlp net(shape, 7);
  const CellBatch batch{block, FirstLayerKernel::dense, 1};
  CHECK(same(net.forward(batch, 1)[0], net.forward(batch, 1)[0]));
  CHECK_FALSE(same(net.forward(batch, 1)[0], net.forward(batch, 2)[0]));
  net.eval();
  CHECK(same(net.forward(batch, 1)[0], net.forward(batch, 2)[0]));
}

TEST_CASE("the published network has no bias before a BatchNorm and a layer of half the width before its heads") {
  MlpShape shape = kSmall;
  shape.width = 6;
  const auto count = [](const Mlp& net) {
    std::int64_t n = 0;
    for (const auto& parameter : net.parameters()) n += parameter.numel();
    return n;
  };
  // Dense 12 × 6, Dense 6 × 6, two BatchNorms of 6, heads of 1 and 3 logits.
  CHECK(count(Mlp(shape, 7)) == (12 * 6 + 6) + (6 * 6 + 6) + 2 * 12 + 4 * 6 + 4);
  shape.hidden_bias = false;
  CHECK(count(Mlp(shape, 7)) == 12 * 6 + 6 * 6 + 2 * 12 + 4 * 6 + 4);
  shape.half_width_layer = true;
  Mlp net(shape, 7);
  CHECK(count(net) == 12 * 6 + 6 * 6 + 2 * 12 + (6 * 3 + 3) + 4 * 3 + 4);
  const auto named = net.named_parameters();
  CHECK(named.find("hidden0.bias") == nullptr);
  CHECK(named.find("hidden1.bias") == nullptr);
  CHECK(named["half.weight"].sizes() == torch::IntArrayRef({3, 6}));
  CHECK(named["head1.weight"].sizes() == torch::IntArrayRef({3, 3}));
}

TEST_CASE("without a bias the sparse and the dense first layer still agree, and gradients with finite differences") {
  MlpShape shape = kSmall;
  shape.hidden_bias = false;
  shape.half_width_layer = true;
  const CsrBlock block = cells();
  Mlp sparse(shape, 7), dense(shape, 7);
  const auto from_sparse = sparse.forward({block, FirstLayerKernel::sparse, 2}, 0);
  const auto from_dense = dense.forward({block, FirstLayerKernel::dense, 1}, 0);
  CHECK(largest_difference(from_sparse[1], from_dense[1]) < 1e-5);
  score(from_sparse).backward();
  score(from_dense).backward();
  for (const auto& item : sparse.named_parameters())
    CHECK(largest_difference(item.value().grad(), dense.named_parameters()[item.key()].grad()) < 1e-5);
  CHECK(sparse.named_parameters()["half.weight"].grad().abs().max().item<double>() > 1e-3);
}

TEST_CASE("BatchNorm has the constants of the shape: an epoch with Keras' moves its running moments a tenth as far") {
  const CsrBlock block = cells();
  MlpShape keras = kSmall;
  keras.norm_momentum = 0.01;
  keras.norm_epsilon = 1e-3;
  Mlp as_torch(kSmall, 7), as_keras(keras, 7);
  as_torch.forward({block, FirstLayerKernel::dense, 1}, 0);
  as_keras.forward({block, FirstLayerKernel::dense, 1}, 0);
  const auto mean = [](Mlp& net) { return net.named_buffers()["norm0.running_mean"]; };
  CHECK(largest_difference(mean(as_torch), 10 * mean(as_keras)) < 1e-6);
  CHECK(mean(as_torch).abs().max().item<double>() > 1e-3);
  // One layer is scaled by 1 / sqrt(variance + epsilon): the larger epsilon gives the smaller outputs.
  keras.depth = 1;
  MlpShape plain = kSmall;
  plain.depth = 1;
  Mlp one(plain, 7), other(keras, 7);
  CHECK_FALSE(
      same(one.forward({block, FirstLayerKernel::dense, 1}, 0)[0], other.forward({block, FirstLayerKernel::dense, 1}, 0)[0]));
}
