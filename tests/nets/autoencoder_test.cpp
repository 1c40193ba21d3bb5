#include <cellverdict/base/random.h>
#include <cellverdict/nets/autoencoder.h>

#include <doctest/doctest.h>

using namespace cellverdict;

namespace {

constexpr std::int64_t kInputs = 40, kRows = 23;

CsrBlock some_cells(std::int64_t n = kRows) {
  CsrBlock block;
  Random random(5, "autoencoder cells");
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int32_t g = 0; g < kInputs; ++g)
      if (i > 0 && random.below(5) == 0) block.push(g, static_cast<float>(random.uniform() * 4));
    block.end_row();
  }
  return block;
}

torch::Tensor dense_of(const CsrBlock& cells) {
  torch::Tensor x = torch::zeros({cells.n_rows(), kInputs});
  for (std::int64_t i = 0; i < cells.n_rows(); ++i)
    for (std::size_t k = 0; k < cells.row(i).genes.size(); ++k) x[i][cells.row(i).genes[k]] = cells.row(i).values[k];
  return x;
}

double apart(const torch::Tensor& a, const torch::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return ((a - b).to(torch::kFloat64).norm() / b.to(torch::kFloat64).norm()).item<double>();
}

const AutoencoderShape kTiny = {.n_genes = kInputs, .hidden = {16, 8}, .latent = 4, .latent_activation = "linear"};

void train_a_while(Autoencoder& net, const CellBatch& batch) {
  torch::optim::Adam adam(net.parameters(), torch::optim::AdamOptions(1e-2));
  for (int step = 0; step < 150; ++step) {
    adam.zero_grad();
    net.loss(batch, batch).backward();
    adam.step();
  }
}

void check_same_gradients(Autoencoder& net, const CsrBlock& block) {
  const CellBatch sparse{block, FirstLayerKernel::sparse, 2}, dense{block, FirstLayerKernel::dense, 1};
  net.zero_grad();
  const torch::Tensor ours = net.loss(sparse, sparse);
  ours.backward();
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : net.parameters()) gradients.push_back(parameter.grad().clone());
  net.zero_grad();
  const torch::Tensor theirs = net.loss(dense, dense);
  theirs.backward();
  CHECK(ours.item<double>() == doctest::Approx(theirs.item<double>()).epsilon(1e-4));
  double whole = 0;
  for (const auto& parameter : net.parameters()) whole = std::max(whole, parameter.grad().norm().item<double>());
  for (std::size_t p = 0; p < gradients.size(); ++p) {
    const torch::Tensor expected = net.parameters()[p].grad();
    // A bias before a BatchNorm has no gradient but rounding.
    CHECK((gradients[p] - expected).norm().item<double>() < 1e-4 * std::max(expected.norm().item<double>(), whole));
  }
}

}  // namespace

TEST_CASE("the loss over non-zeros alone is that of the dense matrix, and so are its gradients, before and after training") {
  const CsrBlock block = some_cells();
  Autoencoder net(kTiny, 3);
  check_same_gradients(net, block);
  train_a_while(net, {block, FirstLayerKernel::sparse, 2});
  check_same_gradients(net, block);
}

TEST_CASE("the autoencoder is its formula: Linear, BatchNorm, ReLU, a linear latent layer, and the mirror of it") {
  const CsrBlock block = some_cells();
  Autoencoder net(kTiny, 3);
  net.eval();
  const auto p = net.named_parameters();
  const auto b = net.named_buffers();
  const auto norm = [&](const torch::Tensor& x, const std::string& name) {
    return torch::batch_norm(x, p[name + ".weight"], p[name + ".bias"], b[name + ".running_mean"], b[name + ".running_var"], false,
                             0.1, 1e-5, false);
  };
  const auto linear = [&](const torch::Tensor& x, const std::string& name) {
    return torch::linear(x, p[name + ".weight"], p[name + ".bias"]);
  };
  torch::Tensor x = torch::mm(dense_of(block), p["encoder0.weight"]) + p["encoder0.bias"];
  x = linear(torch::relu(norm(x, "encoder_norm0")), "encoder1");
  const torch::Tensor z = linear(torch::relu(norm(x, "encoder_norm1")), "encoder2");
  CHECK(z.sizes() == torch::IntArrayRef({kRows, 4}));
  CHECK(apart(net.encode({block, FirstLayerKernel::sparse, 1}), z) < 1e-5);
  x = torch::relu(norm(linear(z, "decoder0"), "decoder_norm0"));
  x = torch::relu(norm(linear(x, "decoder1"), "decoder_norm1"));
  CHECK(p["output.weight"].sizes() == torch::IntArrayRef({kInputs, 16}));
  CHECK(apart(net.reconstruct(z), linear(x, "output")) < 1e-5);
}

TEST_CASE("errors per gene and per cell are those of the dense reconstruction") {
  const CsrBlock block = some_cells();
  Autoencoder net(kTiny, 3);
  train_a_while(net, {block, FirstLayerKernel::sparse, 1});
  net.eval();
  const torch::NoGradGuard no_gradient;
  const CellBatch batch{block, FirstLayerKernel::sparse, 2};
  const torch::Tensor z = net.encode(batch);
  const torch::Tensor squares = (net.reconstruct(z) - dense_of(block)).to(torch::kFloat64).pow(2);
  const SquaredErrors errors = squared_errors(batch, net.decode(z));
  CHECK(apart(torch::tensor(errors.of_gene, torch::kFloat64), squares.sum(0)) < 1e-5);
  CHECK(apart(torch::tensor(errors.of_cell, torch::kFloat64), squares.sum(1)) < 1e-5);
}

TEST_CASE("dropped inputs are non-zeros alone, their number and their sum as the probability says, by key") {
  const CsrBlock block = some_cells(4000);
  const CsrBlock kept = drop_values(block, 0.25, 9);
  REQUIRE(kept.n_rows() == block.n_rows());
  const auto share = static_cast<double>(kept.indices.size()) / static_cast<double>(block.indices.size());
  CHECK(share == doctest::Approx(0.75).epsilon(0.02));
  const torch::Tensor before = dense_of(block), after = dense_of(kept);
  CHECK((after.gt(0) & before.eq(0)).sum().item<std::int64_t>() == 0);
  CHECK(apart(after.masked_select(after.gt(0)) * 0.75, before.masked_select(after.gt(0))) < 1e-6);
  CHECK(drop_values(block, 0.25, 9).indices == kept.indices);
  CHECK(drop_values(block, 0.25, 10).indices != kept.indices);
}

TEST_CASE("permuting cells permutes their latents") {
  const CsrBlock block = some_cells();
  CsrBlock reversed;
  for (std::int64_t i = block.n_rows() - 1; i >= 0; --i) {
    const CsrRow row = block.row(i);
    for (std::size_t k = 0; k < row.genes.size(); ++k) reversed.push(row.genes[k], row.values[k]);
    reversed.end_row();
  }
  Autoencoder net(kTiny, 3);
  net.eval();
  const torch::NoGradGuard no_gradient;
  CHECK(apart(net.encode({reversed, FirstLayerKernel::sparse, 1}).flip(0), net.encode({block, FirstLayerKernel::sparse, 1})) <
        1e-6);
}
