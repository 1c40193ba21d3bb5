#include <cellverdict/train/bag_net.h>
#include <cellverdict/train/objective.h>
#include <cellverdict/train/tensors.h>

#include <numeric>

namespace cellverdict {

BagShape bag_shape_of(const ModelCard& card) {
  const BagOptions& bag = card.model.bag;
  return {.n_genes = card.preparation.genes.size(),
          .n_classes = static_cast<std::int64_t>(card.heads[0].classes.size()),
          .cell_encoder = bag.cell_encoder,
          .width = bag.cell_width,
          .aggregator = bag.aggregator,
          .attention_width = bag.attention_width,
          .heads = bag.transformer_heads,
          .layers = bag.transformer_layers,
          .patient_width = bag.patient_width,
          .as_published_code = bag.as_published_code,
          .published_bag_size = bag.cells};
}

void collect_bag_state(const BagClassifier& net, Safetensors& out) {
  for (const auto& [name, tensor] : net.state()) out.tensors.push_back(to_named(name, tensor));
}

void restore_bag_state(BagClassifier& net, const Safetensors& in, const std::string& where) {
  for (const auto& [name, tensor] : net.state()) {
    const NamedTensor* found = in.find(name);
    if (found == nullptr || torch::IntArrayRef(found->shape) != tensor.sizes()) refuse_shape(where, name, found, tensor.sizes());
    net.set_state(name, from_named(*found));
  }
}

void append_bag_probabilities(const torch::Tensor& logits, HeadProbabilities& out) {
  const std::int64_t n_classes = logits.size(1);
  append_probabilities(n_classes == 2 ? logits.select(1, 1) - logits.select(1, 0) : logits, n_classes, out);
}

namespace {

BagAnswers answer_packed(const RunContext& context, const ModelCard& card, BagClassifier& net, const PackedBags& bags) {
  const torch::NoGradGuard no_gradient;
  net.eval();
  const auto kernel = card.train.first_layer == "sparse" ? FirstLayerKernel::sparse : FirstLayerKernel::dense;
  const torch::Tensor patients = net.embed({{bags.cells, kernel, context.threads}, bags.offsets}).contiguous();
  BagAnswers out;
  append_bag_probabilities(net.judge(patients), out.probability);
  const torch::Tensor single = patients.to(torch::kFloat32);
  out.embedding.assign(single.const_data_ptr<float>(), single.const_data_ptr<float>() + single.numel());
  return out;
}

}  // namespace

HeadProbabilities predict_packed(const RunContext& context, const ModelCard& card, BagClassifier& net, const PackedBags& bags) {
  return answer_packed(context, card, net, bags).probability;
}

HeadProbabilities predict_one_bag(const RunContext& context, const ModelCard& card, BagClassifier& net, const CsrBlock& prepared) {
  if (prepared.n_rows() == 0) return {};
  const PackedBags bag{.cells = prepared, .offsets = {0, prepared.n_rows()}, .members = {0}};
  const HeadProbabilities once = predict_packed(context, card, net, bag);
  HeadProbabilities all;
  for (std::int64_t i = 0; i < prepared.n_rows(); ++i) all.insert(all.end(), once.begin(), once.end());
  return all;
}

BagAnswers answer_bags(const BagAsking& asking, std::span<const std::int64_t> which, int draw) {
  BagAnswers all;
  PackedBags packed;
  for (std::size_t k = 0; k < which.size(); ++k) {
    packed.append(asking.prepared, which[k],
                  sample_bag(asking.bags, which[k], asking.card.model.bag.cells, asking.card.train.seed, draw));
    if (packed.cells.n_rows() < kCellsTogether && k + 1 < which.size()) continue;
    const BagAnswers some = answer_packed(asking.context, asking.card, asking.net, packed);
    all.probability.insert(all.probability.end(), some.probability.begin(), some.probability.end());
    all.embedding.insert(all.embedding.end(), some.embedding.begin(), some.embedding.end());
    packed.clear();
  }
  return all;
}

HeadProbabilities predict_bags(const RunContext& context, const ModelCard& card, BagClassifier& net, const PreparedCells& prepared,
                               const Bags& bags) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(bags.n_bags()));
  std::iota(all.begin(), all.end(), 0);
  return answer_bags({.context = context, .card = card, .net = net, .prepared = prepared, .bags = bags}, all, 0).probability;
}

}  // namespace cellverdict
