#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/nets/bert.h>
#include <cellverdict/nets/dropout.h>

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

torch::Tensor dropped(const torch::Tensor& x, const BertDropout& dropout, std::uint64_t place) {
  return counter_dropout(x, dropout.hidden, mix_bits(dropout.key + place));
}

// Keeps a layer's input alone. The gradient of its parameters is added to theirs, as a second backward inside the first.
class RecomputedLayer : public torch::autograd::Function<RecomputedLayer> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& /*a parameter, so that there is a gradient at all*/, const BertLayer* layer,
                               const SequenceOffsets& offsets, const BertDropout& dropout) {
    context->save_for_backward({x});
    context->saved_data["layer"] = reinterpret_cast<std::int64_t>(layer);
    context->saved_data["offsets"] = *offsets;
    context->saved_data["hidden"] = dropout.hidden;
    context->saved_data["attention"] = dropout.attention;
    context->saved_data["key"] = static_cast<std::int64_t>(dropout.key);
    const torch::NoGradGuard no_gradient;
    return layer->forward(x, offsets, dropout);
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const bool of_input = context->needs_input_grad(0);
    const torch::Tensor x = context->get_saved_variables()[0].detach().requires_grad_(of_input);
    const auto* layer = reinterpret_cast<const BertLayer*>(context->saved_data["layer"].toInt());
    const auto offsets = std::make_shared<const std::vector<std::int64_t>>(context->saved_data["offsets"].toIntVector());
    const BertDropout dropout{.hidden = context->saved_data["hidden"].toDouble(),
                              .attention = context->saved_data["attention"].toDouble(),
                              .key = static_cast<std::uint64_t>(context->saved_data["key"].toInt())};
    {
      const torch::AutoGradMode with_gradient(true);
      const torch::Tensor y = layer->forward(x, offsets, dropout);
      torch::autograd::backward({y}, {gradients[0]});
    }
    return {of_input ? x.grad() : torch::Tensor(), torch::Tensor(), torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
};

[[noreturn]] void refuse_shape_of_net(const std::string& found, const std::string& expected) {
  throw UsageError({.where = "BERT", .found = found, .expected = expected, .advice = ""});
}

void check_config(const BertConfig& c) {
  if (c.vocabulary < 1 || c.width < 1 || c.layers < 0 || c.extra_layers < 0 || c.feed_forward < 1 || c.positions < 1 ||
      c.token_types < 1)
    refuse_shape_of_net("a size below 1", "positive sizes");
  if (c.heads < 1 || c.width % c.heads != 0)
    refuse_shape_of_net(std::to_string(c.heads) + " heads for a width of " + std::to_string(c.width),
                        "a number of heads that divides the width");
  if (c.activation != "relu" && c.activation != "gelu" && c.activation != "gelu_new")
    refuse_shape_of_net("activation '" + c.activation + "'", "'relu', 'gelu' or 'gelu_new'");
  if (c.pooling != "first" && c.pooling != "mean") refuse_shape_of_net("pooling '" + c.pooling + "'", "'first' or 'mean'");
  if (c.task != BertTask::masked && c.labels.size() < 2)
    refuse_shape_of_net(std::to_string(c.labels.size()) + " labels of a classifier", "two or more");
  for (const double p : {c.hidden_dropout, c.attention_dropout, c.dropout_of_classifier()})
    if (!(p >= 0 && p < 1)) refuse_shape_of_net("a dropout of " + std::to_string(p), "at least 0, below 1");
}

// A parameter's place in the tree of modules: containers named as the parts before the last dot.
torch::nn::Module& container(torch::nn::Module& root, const std::string& path) {
  torch::nn::Module* here = &root;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    const auto children = here->named_children();
    const auto* child = children.find(name);
    here = child != nullptr ? child->get() : here->register_module(name, std::make_shared<torch::nn::Module>()).get();
    begin = end + 1;
  }
  return *here;
}

// Positions within their sequences.
torch::Tensor places(const SequenceOffsets& offsets, const torch::Device& device) {
  torch::Tensor out = torch::empty({offsets->back()}, torch::kInt64);
  std::int64_t* to = out.mutable_data_ptr<std::int64_t>();
  for (std::size_t s = 0; s + 1 < offsets->size(); ++s)
    for (std::int64_t t = (*offsets)[s]; t < (*offsets)[s + 1]; ++t) to[t] = t - (*offsets)[s];
  return out.to(device);
}

}  // namespace

TokenBatch make_token_batch(std::span<const std::int64_t> tokens, std::vector<std::int64_t> offsets) {
  torch::Tensor ids = torch::empty({std::ssize(tokens)}, torch::kInt64);
  std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<std::int64_t>());
  return {.tokens = ids, .offsets = std::make_shared<const std::vector<std::int64_t>>(std::move(offsets))};
}

void check_tokens(const TokenBatch& batch, const BertConfig& config) {
  const std::vector<std::int64_t>& offsets = *batch.offsets;
  if (offsets.size() < 2 || offsets.front() != 0 || offsets.back() != batch.tokens.size(0))
    throw InternalError({.where = "BERT", .found = "offsets that do not fit the tokens", .expected = "0 to their number"});
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const std::int64_t n = offsets[s + 1] - offsets[s];
    if (n < 1 || n > config.positions)
      throw DataError({.where = "BERT",
                       .found = "a sequence of " + std::to_string(n) + " tokens",
                       .expected = "1 to " + std::to_string(config.positions) + ", the positions of the model",
                       .advice = "tokenise with a length that the model has"});
  }
  const auto [low, high] = torch::aminmax(batch.tokens);
  const std::int64_t least = low.item<std::int64_t>(), most = high.item<std::int64_t>();
  if (least < 0 || most >= config.vocabulary)
    throw DataError({.where = "BERT",
                     .found = "token " + std::to_string(least < 0 ? least : most),
                     .expected = "0 to " + std::to_string(config.vocabulary - 1) + ", the vocabulary of the model",
                     .advice = "tokenise with the dictionary that the model was trained with"});
}

torch::Tensor by_parts(const TokenBatch& batch, std::int64_t width, const std::function<torch::Tensor(const TokenBatch&)>& encode) {
  constexpr std::int64_t kTokens = 2048;  // at least so many at a time
  const std::vector<std::int64_t>& offsets = *batch.offsets;
  if (offsets.back() <= kTokens) return encode(batch);
  torch::Tensor out;
  for (std::size_t first = 0; first + 1 < offsets.size();) {
    std::vector<std::int64_t> some = {0};
    std::size_t last = first;
    while (last + 1 < offsets.size() && some.back() < kTokens) some.push_back(offsets[++last] - offsets[first]);
    const std::int64_t n = some.back();
    const torch::Tensor made = encode({.tokens = batch.tokens.narrow(0, offsets[first], n),
                                       .offsets = std::make_shared<const std::vector<std::int64_t>>(std::move(some))});
    if (!out.defined()) out = torch::empty({offsets.back(), width}, made.options());
    out.narrow(0, offsets[first], n).copy_(made);
    first = last;
  }
  return out;
}

torch::Tensor activate_bert(const torch::Tensor& x, const std::string& activation) {
  if (activation == "relu") return torch::relu(x);
  return at::gelu(x, activation == "gelu_new" ? "tanh" : "none");
}

torch::Tensor pool_sequences(const torch::Tensor& hidden, const SequenceOffsets& offsets, const BertConfig& config) {
  std::vector<torch::Tensor> rows;
  for (std::size_t s = 0; s + 1 < offsets->size(); ++s) {
    const torch::Tensor tokens = hidden.narrow(0, (*offsets)[s], (*offsets)[s + 1] - (*offsets)[s]);
    rows.push_back(config.pooling == "mean" ? tokens.mean(0) : tokens[0]);
  }
  return torch::stack(rows);
}

torch::Tensor BertLayer::query_key_value(const torch::Tensor& x) const {
  return torch::linear(x, torch::cat({query.weight, key.weight, value.weight}), torch::cat({query.bias, key.bias, value.bias}));
}

torch::Tensor BertLayer::forward(const torch::Tensor& x, const SequenceOffsets& offsets, const BertDropout& dropout) const {
  const torch::Tensor seen =
      packed_attention(query_key_value(x), offsets, {.heads = heads, .dropout = dropout.attention, .key = mix_bits(dropout.key)});
  const torch::Tensor y = attention_norm(x + dropped(attention_output(seen), dropout, 1));
  return output_norm(y + dropped(output(activate_bert(intermediate(y), activation)), dropout, 2));
}

torch::Tensor Bert::parameter(const std::string& name, torch::IntArrayRef shape, std::uint64_t seed) {
  torch::Tensor values = torch::zeros(shape);
  const std::size_t dot = name.rfind('.');
  if (name.ends_with("LayerNorm.weight")) {
    values.fill_(1);
  } else if (name.ends_with(".weight")) {
    values.normal_(0, config_.initial_deviation, at::detail::createCPUGenerator(Random(seed, "bert weights", name)()));
    if (name == "bert.embeddings.word_embeddings.weight") values[0].zero_();  // of <pad>
  }
  return container(*this, name.substr(0, dot)).register_parameter(name.substr(dot + 1), values);
}

BertLinear Bert::linear(const std::string& name, std::int64_t out, std::int64_t in, std::uint64_t seed) {
  return {.weight = parameter(name + ".weight", {out, in}, seed), .bias = parameter(name + ".bias", {out}, seed)};
}

BertNorm Bert::norm(const std::string& name, std::uint64_t seed) {
  return {.weight = parameter(name + ".weight", {config_.width}, seed),
          .bias = parameter(name + ".bias", {config_.width}, seed),
          .epsilon = config_.layer_norm_epsilon};
}

BertLayer Bert::layer(std::int64_t number, std::uint64_t seed) {
  const std::string here = "bert.encoder.layer." + std::to_string(number) + ".";
  const std::int64_t width = config_.width;
  return {.query = linear(here + "attention.self.query", width, width, seed),
          .key = linear(here + "attention.self.key", width, width, seed),
          .value = linear(here + "attention.self.value", width, width, seed),
          .attention_output = linear(here + "attention.output.dense", width, width, seed),
          .intermediate = linear(here + "intermediate.dense", config_.feed_forward, width, seed),
          .output = linear(here + "output.dense", width, config_.feed_forward, seed),
          .attention_norm = norm(here + "attention.output.LayerNorm", seed),
          .output_norm = norm(here + "output.LayerNorm", seed),
          .heads = config_.heads,
          .activation = config_.activation};
}

Bert::Bert(const BertConfig& config, std::uint64_t seed) : config_(config), seed_(seed) {
  check_config(config_);
  const std::int64_t width = config_.width, n_labels = std::ssize(config_.labels);
  words_ = parameter("bert.embeddings.word_embeddings.weight", {config_.vocabulary, width}, seed);
  positions_ = parameter("bert.embeddings.position_embeddings.weight", {config_.positions, width}, seed);
  types_ = parameter("bert.embeddings.token_type_embeddings.weight", {config_.token_types, width}, seed);
  embedding_norm_ = norm("bert.embeddings.LayerNorm", seed);
  for (std::int64_t number = 0; number < config_.all_layers(); ++number) layers_.push_back(layer(number, seed));
  if (config_.task == BertTask::sequence) pooler_ = linear("bert.pooler.dense", width, width, seed);
  if (config_.task != BertTask::masked) classifier_ = linear("classifier", n_labels, width, seed);
  if (config_.task == BertTask::masked) {
    decoder_bias_ = parameter("cls.predictions.bias", {config_.vocabulary}, seed);
    transform_ = linear("cls.predictions.transform.dense", width, width, seed);
    transform_norm_ = norm("cls.predictions.transform.LayerNorm", seed);
  }
}

BertDropout Bert::dropout(const std::string& place, std::uint64_t step) const {
  if (!is_training()) return {};
  return {.hidden = config_.hidden_dropout,
          .attention = config_.attention_dropout,
          .key = Random(seed_, "bert dropout", place, step)()};
}

torch::Tensor Bert::embed(const TokenBatch& batch, std::uint64_t step) {
  check_tokens(batch, config_);
  const torch::Tensor where = places(batch.offsets, words_.device());
  const torch::Tensor sum =
      torch::embedding(words_, batch.tokens.to(words_.device())) + types_[0] + torch::embedding(positions_, where);
  return dropped(embedding_norm_(sum), dropout("embeddings", step), 0);
}

torch::Tensor Bert::encode_embedded(const torch::Tensor& embedded, const SequenceOffsets& offsets, std::uint64_t step) {
  torch::Tensor x = embedded;
  for (std::size_t number = 0; number < layers_.size(); ++number) {
    const BertLayer& layer = layers_[number];
    const BertDropout drop = dropout(std::to_string(number), step);
    const bool learns = torch::GradMode::is_enabled() && (x.requires_grad() || layer.query.weight.requires_grad());
    x = recompute_ && learns ? RecomputedLayer::apply(x, layer.query.weight, &layer, offsets, drop)
                             : layer.forward(x, offsets, drop);
  }
  return x;
}

torch::Tensor Bert::encode(const TokenBatch& batch, std::uint64_t step) {
  const auto all = [&](const TokenBatch& part) { return encode_embedded(embed(part, step), part.offsets, step); };
  if (torch::GradMode::is_enabled() || is_training()) return all(batch);
  check_tokens(batch, config_);
  return by_parts(batch, config_.width, all);
}

std::vector<torch::Tensor> Bert::hidden_states(const TokenBatch& batch, std::uint64_t step) {
  std::vector<torch::Tensor> states = {embed(batch, step)};
  for (std::size_t number = 0; number < layers_.size(); ++number)
    states.push_back(layers_[number].forward(states.back(), batch.offsets, dropout(std::to_string(number), step)));
  return states;
}

torch::Tensor Bert::attention_shares(std::int64_t layer, const torch::Tensor& input) {
  const std::int64_t rows = input.size(0), head_width = config_.width / config_.heads;
  const auto three = layers_.at(static_cast<std::size_t>(layer))
                         .query_key_value(input)
                         .view({rows, 3, config_.heads, head_width})
                         .permute({1, 2, 0, 3});
  return torch::softmax(torch::matmul(three[0], three[1].transpose(1, 2)) / std::sqrt(static_cast<double>(head_width)), 2);
}

torch::Tensor Bert::logits(const torch::Tensor& hidden, const TokenBatch& batch, std::uint64_t step, const torch::Tensor& rows) {
  const BertDropout drop{.hidden = is_training() ? config_.dropout_of_classifier() : 0,
                         .key = Random(seed_, "bert dropout", "classifier", step)()};
  if (config_.task == BertTask::sequence) return classifier_(dropped(torch::tanh(pooler_(pool(hidden, batch.offsets))), drop, 0));
  const torch::Tensor seen = rows.defined() ? hidden.index_select(0, rows) : hidden;
  if (config_.task == BertTask::tokens) return classifier_(dropped(seen, drop, 0));
  return torch::linear(transform_norm_(activate_bert(transform_(seen), config_.activation)), words_, decoder_bias_);
}

void Bert::freeze(const BertFreeze& freeze) {
  if (freeze.first < 0 || freeze.last < 0 || freeze.first + freeze.last > config_.layers)
    throw UsageError({.where = "freeze",
                      .found = std::to_string(freeze.first) + " first and " + std::to_string(freeze.last) + " last layers",
                      .expected = "at most the " + std::to_string(config_.layers) + " pre-trained ones",
                      .advice = ""});
  for (auto& item : named_parameters()) {
    bool learns = !(freeze.embeddings && item.key().starts_with("bert.embeddings."));
    for (std::int64_t number = 0; number < config_.layers; ++number)
      if ((number < freeze.first || number >= config_.layers - freeze.last) &&
          item.key().starts_with("bert.encoder.layer." + std::to_string(number) + "."))
        learns = false;
    item.value().set_requires_grad(learns);
  }
}

}  // namespace cellverdict
