#pragma once
// Small bags with every awkward thing: an empty cell, a bag of one cell, unequal sizes.

#include <cellverdict/base/random.h>
#include <cellverdict/nets/bag_classifier.h>
#include <cellverdict/train/bag_net.h>
#include <cellverdict/train/tensors.h>

#include <string>
#include <vector>

namespace cellverdict::testing {

constexpr std::int64_t kBagGenes = 40;

inline PackedBags example_bags() {
  PackedBags bags;
  Random random(4, "bag cells");
  for (const std::int64_t n : {5, 1, 9}) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int32_t g = 0; g < kBagGenes; ++g)
        if (!(n == 9 && i == 2) && random.below(3) == 0) bags.cells.push(g, static_cast<float>(random.uniform() * 3));
      bags.cells.end_row();
    }
    bags.offsets.push_back(bags.cells.n_rows());
    bags.members.push_back(bags.n_bags());
  }
  return bags;
}

inline BagShape small_bag_shape(const std::string& aggregator, const std::string& encoder = "linear") {
  return {.n_genes = kBagGenes,
          .n_classes = 3,
          .cell_encoder = encoder,
          .width = 8,
          .aggregator = aggregator,
          .attention_width = 6,
          .heads = 2,
          .layers = 2,
          .patient_width = 5,
          .published_bag_size = 12};
}

inline torch::Tensor dense_of(const CsrBlock& cells, std::int64_t n_genes = kBagGenes) {
  torch::Tensor dense = torch::zeros({cells.n_rows(), n_genes});
  for (std::int64_t i = 0; i < cells.n_rows(); ++i)
    for (std::int64_t k = cells.indptr[i]; k < cells.indptr[i + 1]; ++k) dense[i][cells.indices[k]] = cells.values[k];
  return dense;
}

// What tests/train/check_bag_net.py reads: the state dict, and how to make the net it belongs to.
inline Safetensors described(const BagClassifier& net, const std::string& dtype) {
  const BagShape& s = net.shape();
  Safetensors file;
  collect_bag_state(net, file);
  file.metadata = {{"dtype", dtype},
                   {"n_genes", std::to_string(s.n_genes)},
                   {"n_classes", std::to_string(s.n_classes)},
                   {"cell_encoder", s.cell_encoder},
                   {"width", std::to_string(s.width)},
                   {"aggregator", s.aggregator},
                   {"attention_width", std::to_string(s.attention_width)},
                   {"heads", std::to_string(s.heads)},
                   {"layers", std::to_string(s.layers)},
                   {"patient_width", std::to_string(s.patient_width)},
                   {"as_published_code", s.as_published_code ? "1" : "0"},
                   {"published_bag_size", std::to_string(s.published_bag_size)}};
  return file;
}

inline const std::vector<std::string> kAggregators = {
    "mean", "sum", "linear-attention", "nonlinear-attention", "gated-attention", "transformer", "transformer-mean"};

}  // namespace cellverdict::testing
