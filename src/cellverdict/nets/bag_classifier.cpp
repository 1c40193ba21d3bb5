#include <cellverdict/base/error.h>
#include <cellverdict/nets/bag_classifier.h>

namespace cellverdict {

namespace {

constexpr const char* kFirstWeight = "gene2cell_encoder.layers.0.weight";

// A level of names without anything of its own: "layers" of "gene2cell_encoder".
class Names : public torch::nn::Module {
 public:
  template <class Module>
  Module add(const std::string& name, const Module& module) {
    return register_module(name, module);
  }
};

void refuse_unpublished(const BagShape& shape) {
  const bool shipped =
      shape.aggregator == "mean" || shape.aggregator == "linear-attention" || shape.aggregator == "nonlinear-attention";
  if (!shape.as_published_code || (shipped && shape.cell_encoder == "linear")) return;
  throw UsageError({.where = "as_published_code",
                    .found = shape.cell_encoder + " cell encoder, " + shape.aggregator,
                    .expected = "what the published code has: a linear cell encoder with mean, linear-attention or "
                                "nonlinear-attention",
                    .advice = "leave as_published_code off"});
}

// Cells of each bag added up (or averaged), [bags, genes].
torch::Tensor bag_profiles(const BagBatch& bags, std::int64_t n_genes, bool mean) {
  const auto n_bags = static_cast<std::int64_t>(bags.offsets.size()) - 1;
  torch::Tensor profiles = torch::zeros({n_bags, n_genes}, torch::kFloat64);
  double* out = profiles.mutable_data_ptr<double>();
  const CsrBlock& cells = bags.cells.cells;
  for (std::int64_t b = 0; b < n_bags; ++b, out += n_genes) {
    const double share = mean ? 1 / static_cast<double>(bags.offsets[b + 1] - bags.offsets[b]) : 1;
    for (std::int64_t k = cells.indptr[bags.offsets[b]]; k < cells.indptr[bags.offsets[b + 1]]; ++k)
      out[cells.indices[k]] += share * cells.values[k];
  }
  return profiles;
}

}  // namespace

BagClassifier::BagClassifier(const BagShape& shape, std::uint64_t seed) : shape_(shape) {
  refuse_unpublished(shape_);
  torch::manual_seed(seed);
  const auto layers = std::make_shared<Names>(), encoder = std::make_shared<Names>();
  first_ = layers->add("0", FirstLayer(shape_.n_genes, shape_.width));
  if (shape_.cell_encoder == "mlp") {
    first_activation_ = layers->add("1", torch::nn::PReLU());
    second_ = layers->add("2", torch::nn::Linear(shape_.width, shape_.width));
    second_activation_ = layers->add("3", torch::nn::PReLU());
  }
  encoder->add("layers", layers);
  register_module("gene2cell_encoder", encoder);
  aggregator_ = register_module("cell2patient_aggregation", Aggregator(AggregatorShape{.kind = shape_.aggregator,
                                                                                       .width = shape_.width,
                                                                                       .attention_width = shape_.attention_width,
                                                                                       .heads = shape_.heads,
                                                                                       .layers = shape_.layers}));
  patient_ = register_module(
      "patient_encoder",
      Layers(torch::nn::Sequential(torch::nn::Linear(shape_.width, shape_.patient_width), torch::nn::PReLU(),
                                   torch::nn::Linear(shape_.patient_width, shape_.patient_width), torch::nn::PReLU())));
  predictor_ = register_module("patient_predictor",
                               Layers(torch::nn::Sequential(torch::nn::Linear(shape_.patient_width, shape_.n_classes))));
}

torch::Tensor BagClassifier::encode(const torch::Tensor& first) {
  if (second_.is_empty()) return first;
  return second_activation_(second_(first_activation_(first)));
}

std::optional<PublishedPadding> BagClassifier::padding() {
  if (!shape_.as_published_code) return std::nullopt;
  return PublishedPadding{.embedding = encode(first_->bias().unsqueeze(0)), .bag_size = shape_.published_bag_size};
}

torch::Tensor BagClassifier::aggregate(const torch::Tensor& z, std::span<const std::int64_t> offsets) {
  return aggregator_->forward(z, offsets, padding());
}

torch::Tensor BagClassifier::aggregated(const BagBatch& bags) {
  const bool mean = shape_.aggregator == "mean", sum = shape_.aggregator == "sum";
  if (!second_.is_empty() || (!mean && !sum)) return aggregate(encode(first(bags.cells)), bags.offsets);
  // Σ (W x + b) = W Σ x + n b: the product sees one row a bag instead of one a cell.
  const torch::Tensor e = first_->of_dense(bag_profiles(bags, shape_.n_genes, mean));
  if (mean) return e;
  const torch::Tensor n = torch::tensor(bag_sizes(bags.offsets)).to(e.options()).unsqueeze(1);
  return e + (n - 1) * first_->bias();
}

torch::Tensor BagClassifier::embed(const BagBatch& bags) {
  return patient_->forward(aggregated(bags));
}

torch::Tensor BagClassifier::classify(const torch::Tensor& e) {
  return predictor_->forward(patient_->forward(e));
}

torch::Tensor BagClassifier::forward(const BagBatch& bags) {
  return classify(aggregated(bags));
}

torch::Tensor BagClassifier::attention(const BagBatch& bags) {
  if (aggregator_->has_transformer()) return {};
  return aggregator_->cell_weights(encode(first(bags.cells)), bags.offsets, padding());
}

std::vector<std::pair<std::string, torch::Tensor>> BagClassifier::state() const {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto& item : named_parameters())
    tensors.emplace_back(item.key(), item.key() == kFirstWeight ? item.value().detach().t() : item.value().detach());
  return tensors;
}

void BagClassifier::set_state(const std::string& name, const torch::Tensor& value) {
  const torch::NoGradGuard no_gradient;
  named_parameters()[name].copy_(name == kFirstWeight ? value.t() : value);
}

}  // namespace cellverdict
