#include <cellverdict/explain/bag_path.h>
#include <cellverdict/explain/gauss_legendre.h>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "train/bag_example.h"
#include "train/python_check.h"
#include "train/toy.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// The last of the bags of the example, and as many other cells.
struct Explained {
  CsrBlock cells, baseline;
  std::vector<float> profile;
  Explained() {
    const PackedBags all = example_bags();
    const auto copy = [&](std::int64_t i, CsrBlock& to) {
      const CsrRow row = all.cells.row(i);
      for (std::size_t k = 0; k < row.genes.size(); ++k) to.push(row.genes[k], row.values[k]);
      to.end_row();
    };
    for (std::int64_t i = 6; i < 15; ++i) copy(i, cells);
    for (std::int64_t i = 0; i < 9; ++i) copy(i, baseline);
    for (std::int64_t g = 0; g < kBagGenes; ++g) profile.push_back(g % 3 == 0 ? 0.0F : 0.1F * static_cast<float>(g % 7));
  }
  AttributionBaseline of(const std::string& kind) const {
    if (kind == "zero") return {};
    return kind == "profile" ? AttributionBaseline{.profile = profile} : AttributionBaseline{.cells = &baseline};
  }
};

// Larger weights, so that tanh and softmax are far from linear.
void sharpen(BagClassifier& net) {
  const torch::NoGradGuard no_gradient;
  for (auto& parameter : net.parameters()) parameter.mul_(1.4);
}

void write_case(const TempFolder& folder, const BagShape& shape, const std::string& baseline, const AttributionOptions& options,
                bool in_double) {
  const Explained example;
  BagClassifier net(shape, 5);
  if (!shape.aggregator.starts_with("transformer")) sharpen(net);
  if (in_double) net.to(torch::kFloat64);
  const Attribution a =
      integrated_gradients({}, net, {example.cells, FirstLayerKernel::sparse, 1}, {}, example.of(baseline), options);
  Safetensors file = described(net, in_double ? "F64" : "F32");
  file.metadata["baseline"] = baseline;
  file.metadata["target"] = options.target;
  file.metadata["target_class"] = std::to_string(options.target_class);
  file.metadata["against_class"] = std::to_string(options.against_class);
  const auto add = [&](const std::string& name, const torch::Tensor& t) { file.tensors.push_back(to_named(name, t)); };
  add("input.cells", dense_of(example.cells));
  add("input.offsets", torch::tensor({0, 9}, torch::kInt64));
  add("input.baseline", dense_of(example.baseline));
  add("input.profile", torch::tensor(example.profile));
  add("output.attribution", dense_of(a.matrix));
  add("output.gene", torch::tensor(a.gene, torch::kFloat64));
  add("output.cell", torch::tensor(a.cell, torch::kFloat64));
  add("output.delta", torch::tensor(a.convergence_delta(), torch::kFloat64));
  write_safetensors(folder / (shape.aggregator + "-" + shape.cell_encoder + (shape.as_published_code ? "-published-" : "-") +
                              baseline + "-" + options.target + (in_double ? "-double" : "-single") + ".safetensors"),
                    file);
}

}  // namespace

TEST_CASE("Gauss-Legendre places and weights integrate polynomials exactly") {
  for (const int n : {1, 2, 5, 50}) {
    const Quadrature q = gauss_legendre(n);
    for (const int degree : {0, 1, 2 * n - 1}) {
      double sum = 0;
      for (int k = 0; k < n; ++k) sum += q.weight[k] * std::pow(q.place[k], degree);
      CHECK(sum == doctest::Approx(1.0 / (degree + 1)).epsilon(1e-12));
    }
  }
  CHECK(gauss_legendre(2).place[0] == doctest::Approx(0.5 - std::sqrt(3.0) / 6));
}

TEST_CASE("captum on the same net in double precision gives our attributions, sums and convergence delta") {
  const TempFolder folder;
  for (const auto& aggregator : kAggregators)
    for (const char* baseline : {"zero", "profile", "cells"})
      write_case(folder, small_bag_shape(aggregator), baseline, {.target = "probability", .target_class = 2}, true);
  for (const auto& aggregator : kAggregators)
    for (const char* target : {"logit", "logit-difference"})
      write_case(folder, small_bag_shape(aggregator), "zero", {.target = target, .target_class = 0, .against_class = 1}, true);
  write_case(folder, small_bag_shape("nonlinear-attention"), "zero", {.target = "logit", .target_class = 0}, false);
  write_case(folder, small_bag_shape("nonlinear-attention", "mlp"), "profile", {.target_class = 1}, true);
  for (const char* aggregator : {"linear-attention", "nonlinear-attention"}) {
    BagShape shape = small_bag_shape(aggregator);
    shape.as_published_code = true;
    write_case(folder, shape, "cells", {.target_class = 1}, true);
  }
  if (const auto status = check_in_python("train/check_bag_net.py", folder.path())) CHECK(*status == 0);
}

TEST_CASE("sums over the genes of groups of cells are the same without the matrix") {
  const Explained example;
  BagClassifier net(small_bag_shape("gated-attention"), 5);
  const std::vector<std::int32_t> group = {0, 1, 1, 0, 2, 2, 2, 0, 1};
  for (const char* kind : {"zero", "profile", "cells"}) {
    const CellBatch cells{example.cells, FirstLayerKernel::sparse, 2};
    const Attribution with = integrated_gradients({}, net, cells, group, example.of(kind), {});
    const Attribution without = integrated_gradients({}, net, cells, group, example.of(kind), {.keep_matrix = false});
    CHECK(without.matrix.n_rows() == 0);
    REQUIRE(with.n_groups == 3);
    REQUIRE(with.gene.size() == 3 * kBagGenes);
    for (std::size_t k = 0; k < with.gene.size(); ++k) CHECK(std::abs(with.gene[k] - without.gene[k]) < 1e-7);
    const double by_gene = std::accumulate(with.gene.begin(), with.gene.end(), 0.0);
    CHECK(by_gene == doctest::Approx(std::accumulate(with.cell.begin(), with.cell.end(), 0.0)).epsilon(1e-4));
    CHECK(std::abs(with.convergence_delta()) < 1e-3);  // PReLU has a kink, which the quadrature cannot follow
  }
}

TEST_CASE("a profile for each group is the same as its cells written out, signed and in magnitude") {
  const Explained example;
  BagClassifier net(small_bag_shape("gated-attention"), 5);
  const std::vector<std::int32_t> group = {0, 1, 1, 0, 2, 2, 2, 0, 1};
  std::vector<float> profiles;
  for (std::int64_t k = 0; k < 3 * kBagGenes; ++k) profiles.push_back(k % 4 == 0 ? 0.0F : 0.1F * static_cast<float>(k % 11));
  CsrBlock written;
  for (const std::int32_t of : group) {
    for (std::int32_t g = 0; g < kBagGenes; ++g)
      if (const float x = profiles[of * kBagGenes + g]; x != 0) written.push(g, x);
    written.end_row();
  }
  const CellBatch cells{example.cells, FirstLayerKernel::sparse, 2};
  const Attribution expected = integrated_gradients({}, net, cells, group, {.cells = &written}, {});
  std::vector<double> magnitude(expected.gene.size());
  for (std::int64_t i = 0; i < expected.matrix.n_rows(); ++i)
    for (std::int64_t k = expected.matrix.indptr[i]; k < expected.matrix.indptr[i + 1]; ++k)
      magnitude[group[i] * kBagGenes + expected.matrix.indices[k]] += std::abs(expected.matrix.values[k]);
  for (const bool keep : {false, true}) {
    const Attribution found =
        integrated_gradients({}, net, cells, group, {.profile = profiles}, {.keep_matrix = keep, .magnitude = true});
    REQUIRE(found.magnitude.size() == magnitude.size());
    CHECK(found.value == doctest::Approx(expected.value));
    CHECK(found.baseline_value == doctest::Approx(expected.baseline_value));
    for (std::size_t k = 0; k < magnitude.size(); ++k) {
      CHECK(std::abs(found.gene[k] - expected.gene[k]) < 1e-7);
      CHECK(std::abs(found.magnitude[k] - magnitude[k]) < 1e-7);
    }
  }
  const Attribution without = integrated_gradients({}, net, cells, group, {.profile = profiles}, {.keep_matrix = false});
  for (std::size_t k = 0; k < without.gene.size(); ++k) CHECK(std::abs(without.gene[k] - expected.gene[k]) < 1e-7);
}

TEST_CASE("the genes that tell the classes apart are the ones found") {
  const TempFolder folder;
  const Split split = toy_split();  // genes 0 to 2
  TrainRequest request = toy_request(folder);
  request.model.kind = "bag";
  request.model.bag = {.cell_width = 12, .attention_width = 8, .patient_width = 6, .cells = 0, .patients = 3};
  request.train.epochs = 20;
  request.train.monitor = "validation.loss";
  const Classifier model = train_toy(split, request);
  const PreparedCells prepared(split.test(), model.card().preparation, 1 << 20);
  const Bags bags = bags_of(split.test());
  PackedBags bag;
  for (std::int64_t b = 0; b < bags.n_bags() && bag.n_bags() == 0; ++b)
    if (bags.label[b] == 1) bag.append(prepared, b, bags.cells[b]);
  const Attribution a = explain_bag({}, model, bag.cells, {}, {}, {});
  for (std::size_t g = 3; g < a.gene.size(); ++g)
    for (std::size_t told : {0, 1, 2}) CHECK(std::abs(a.gene[told]) > std::abs(a.gene[g]));
  const auto shares = attention_of({}, model, bag.cells);
  CHECK(std::accumulate(shares.begin(), shares.end(), 0.0) == doctest::Approx(1));
}

TEST_CASE("what cannot be explained is a sentence") {
  const Explained example;
  BagClassifier net(small_bag_shape("mean"), 5);
  const auto said = [&](const AttributionBaseline& baseline, const AttributionOptions& options) {
    return sentence<UsageError>(
        [&] { integrated_gradients({}, net, {example.cells, FirstLayerKernel::sparse, 1}, {}, baseline, options); });
  };
  CHECK(says(said({}, {.target_class = 3}), "class number 3"));
  CHECK(says(said({}, {.target = "loss"}), "'loss'"));
  CHECK(says(said({.profile = std::span(example.profile).first(3)}, {}), "3 genes"));
  const TempFolder folder;
  const Classifier mlp = train_toy(toy_split(), toy_request(folder));
  CHECK(says(sentence<UsageError>([&] { explain_bag({}, mlp, example.cells, {}, {}, {}); }), "kind 'bag'"));
}
