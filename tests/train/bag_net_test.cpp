#include <cellverdict/train/bag_net.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "train/bag_example.h"
#include "train/python_check.h"
#include "train/toy.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

BagBatch batch_of(const PackedBags& bags, FirstLayerKernel kernel) {
  return {{bags.cells, kernel, 2}, bags.offsets};
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

// Logits, attention, loss and its gradients beside the state dict.
void write_case(const TempFolder& folder, const BagShape& shape, bool in_double) {
  const PackedBags bags = example_bags();
  BagClassifier net(shape, 11);
  if (in_double) net.to(torch::kFloat64);
  const auto batch = batch_of(bags, FirstLayerKernel::sparse);
  const torch::Tensor truth = torch::tensor({2, 0, 1}, torch::kInt64);
  const torch::Tensor weight = torch::tensor({0.5, 1.0, 3.0}).to(in_double ? torch::kFloat64 : torch::kFloat32);
  const torch::Tensor logits = net.forward(batch);
  const torch::Tensor loss =
      torch::nn::functional::cross_entropy(logits, truth, torch::nn::functional::CrossEntropyFuncOptions().weight(weight));
  loss.backward();
  Safetensors file = described(net, in_double ? "F64" : "F32");
  const auto add = [&](const std::string& name, const torch::Tensor& t) { file.tensors.push_back(to_named(name, t)); };
  add("input.cells", dense_of(bags.cells));
  add("input.offsets", torch::tensor(bags.offsets));
  add("input.truth", truth);
  add("input.class_weight", weight);
  add("output.logits", logits);
  add("output.loss", loss);
  if (const torch::Tensor attention = net.attention(batch); attention.defined()) add("output.attention", attention);
  for (const auto& item : net.named_parameters()) {
    const bool first = item.key() == "gene2cell_encoder.layers.0.weight";
    add("output.gradient." + item.key(), first ? item.value().grad().t() : item.value().grad());
  }
  write_safetensors(folder / (shape.aggregator + "-" + shape.cell_encoder + (shape.as_published_code ? "-published" : "") +
                              (in_double ? "-double" : "-single") + ".safetensors"),
                    file);
}

}  // namespace

TEST_CASE("PyTorch reads the state dict, and its padded, masked net has our logits, attention and gradients") {
  const TempFolder folder;
  for (const bool in_double : {true, false}) {
    for (const auto& aggregator : kAggregators)
      for (const char* encoder : {"linear", "mlp"}) write_case(folder, small_bag_shape(aggregator, encoder), in_double);
    for (const char* aggregator : {"mean", "linear-attention", "nonlinear-attention"}) {
      BagShape shape = small_bag_shape(aggregator);
      shape.as_published_code = true;
      write_case(folder, shape, in_double);
    }
  }
  if (const auto status = check_in_python("train/check_bag_net.py", folder.path())) CHECK(*status == 0);
}

TEST_CASE("parameters have the names and number of the published model") {
  BagClassifier net({.n_genes = 28231, .n_classes = 9}, 1);
  std::int64_t n = 0;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : net.state()) {
    n += tensor.numel();
    names.push_back(name);
  }
  CHECK(n == 30752268);
  std::sort(names.begin(), names.end());
  CHECK((names == std::vector<std::string>{
                      "cell2patient_aggregation.attention_model.layers.0.bias",
                      "cell2patient_aggregation.attention_model.layers.0.weight",
                      "cell2patient_aggregation.attention_model.layers.2.bias",
                      "cell2patient_aggregation.attention_model.layers.2.weight", "gene2cell_encoder.layers.0.bias",
                      "gene2cell_encoder.layers.0.weight", "patient_encoder.layers.0.bias", "patient_encoder.layers.0.weight",
                      "patient_encoder.layers.1.weight", "patient_encoder.layers.2.bias", "patient_encoder.layers.2.weight",
                      "patient_encoder.layers.3.weight", "patient_predictor.layers.0.bias", "patient_predictor.layers.0.weight"}));
}

TEST_CASE("an embedding is the same whatever bags stand beside it and whichever kernel multiplies") {
  const PackedBags all = example_bags();
  PackedBags last;
  for (std::int64_t i = all.offsets[2]; i < all.offsets[3]; ++i) {
    const CsrRow row = all.cells.row(i);
    for (std::size_t k = 0; k < row.genes.size(); ++k) last.cells.push(row.genes[k], row.values[k]);
    last.cells.end_row();
  }
  last.offsets.push_back(last.cells.n_rows());
  for (const auto& aggregator : kAggregators) {
    INFO(aggregator);
    BagClassifier net(small_bag_shape(aggregator), 3);
    const torch::Tensor together = net.embed(batch_of(all, FirstLayerKernel::sparse));
    CHECK(largest_difference(net.embed(batch_of(last, FirstLayerKernel::sparse))[0], together[2]) < 1e-5);
    CHECK(largest_difference(net.embed(batch_of(last, FirstLayerKernel::dense))[0], together[2]) < 1e-5);
  }
}

TEST_CASE("the weights of a bag's cells add up to one; as published, the padding takes its share") {
  const PackedBags bags = example_bags();
  for (const std::string aggregator : {"mean", "linear-attention", "nonlinear-attention", "gated-attention"}) {
    BagShape shape = small_bag_shape(aggregator);
    const torch::Tensor w = BagClassifier(shape, 3).attention(batch_of(bags, FirstLayerKernel::dense));
    for (int b = 0; b < 3; ++b) CHECK(w.slice(0, bags.offsets[b], bags.offsets[b + 1]).sum().item<double>() == doctest::Approx(1));
    if (aggregator == "mean" || aggregator == "gated-attention") continue;
    shape.as_published_code = true;
    const torch::Tensor published = BagClassifier(shape, 3).attention(batch_of(bags, FirstLayerKernel::dense));
    CHECK(published[bags.offsets[1]].item<double>() < 0.5);  // one cell beside eleven of padding
  }
}

TEST_CASE("what the published code does not have is refused with as_published_code") {
  BagShape shape = small_bag_shape("gated-attention");
  shape.as_published_code = true;
  CHECK(says(sentence<UsageError>([&] { BagClassifier(shape, 1); }), "gated-attention"));
}
