#include <cellverdict/nets/bert_int8.h>

#include <ATen/Parallel.h>

#include <algorithm>

namespace cellverdict {

namespace {

const std::string kWords = "bert.embeddings.word_embeddings.weight", kPlaces = "bert.embeddings.position_embeddings.weight",
                  kTypes = "bert.embeddings.token_type_embeddings.weight";

// x [tokens, in] → [tokens, out], rows divided over LibTorch's threads.
torch::Tensor times(const Int8Linear& linear, const torch::Tensor& x) {
  const torch::Tensor from = x.contiguous();
  torch::Tensor out = torch::empty({x.size(0), linear.out()}, x.options());
  const float* in = from.const_data_ptr<float>();
  float* to = out.mutable_data_ptr<float>();
  constexpr std::int64_t kWorthAThread = 64;
  at::parallel_for(0, x.size(0), kWorthAThread, [&](std::int64_t begin, std::int64_t end) {
    linear.multiply(in + begin * linear.in(), end - begin, to + begin * linear.out());
  });
  return out;
}

void add_row(const Int8Rows& rows, std::int64_t row, float* to) {
  const std::int8_t* from = rows.values.data() + row * rows.columns;
  const float scale = rows.scales[static_cast<std::size_t>(row)];
  for (std::int64_t c = 0; c < rows.columns; ++c) to[c] += scale * static_cast<float>(from[c]);
}

}  // namespace

bool rounded_in_int8(const std::string& name) {
  if (name == kWords || name == kPlaces) return true;
  const bool inside = name.starts_with("bert.encoder.layer.") || name.starts_with("cls.predictions.transform.");
  return inside && name.ends_with(".weight") && !name.ends_with("LayerNorm.weight");
}

Int8Weights round_weights(const Bert& net) {
  Int8Weights out;
  for (const auto& item : net.named_parameters()) {
    const torch::Tensor values = item.value().detach().cpu().to(torch::kFloat32).contiguous();
    if (rounded_in_int8(item.key()))
      out.rounded[item.key()] = round_rows(values.const_data_ptr<float>(), values.size(0), values.size(1));
    else
      out.plain[item.key()] = values.clone();
  }
  return out;
}

std::shared_ptr<Int8Linear> Int8Bert::linear(const std::vector<std::string>& names) const {
  Int8Rows all{.rows = 0, .columns = 0, .values = {}, .scales = {}};
  std::vector<float> biases;
  for (const std::string& name : names) {
    const Int8Rows& one = weights_.rounded.at(name + ".weight");
    all.rows += one.rows;
    all.columns = one.columns;
    all.values.insert(all.values.end(), one.values.begin(), one.values.end());
    all.scales.insert(all.scales.end(), one.scales.begin(), one.scales.end());
    const torch::Tensor& bias = weights_.plain.at(name + ".bias");
    biases.insert(biases.end(), bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + bias.numel());
  }
  return std::make_shared<Int8Linear>(all, std::move(biases));
}

BertNorm Int8Bert::norm(const std::string& name) const {
  return {.weight = weights_.plain.at(name + ".weight"),
          .bias = weights_.plain.at(name + ".bias"),
          .epsilon = config_.layer_norm_epsilon};
}

Int8Bert::Int8Bert(const BertConfig& config, Int8Weights weights) : config_(config), weights_(std::move(weights)) {
  embedding_norm_ = norm("bert.embeddings.LayerNorm");
  for (std::int64_t number = 0; number < config_.all_layers(); ++number) {
    const std::string here = "bert.encoder.layer." + std::to_string(number) + ".", self = here + "attention.self.";
    layers_.push_back({.query_key_value = linear({self + "query", self + "key", self + "value"}),
                       .attention_output = linear({here + "attention.output.dense"}),
                       .intermediate = linear({here + "intermediate.dense"}),
                       .output = linear({here + "output.dense"}),
                       .attention_norm = norm(here + "attention.output.LayerNorm"),
                       .output_norm = norm(here + "output.LayerNorm")});
  }
  if (config_.task != BertTask::masked) return;
  transform_ = linear({"cls.predictions.transform.dense"});
  transform_norm_ = norm("cls.predictions.transform.LayerNorm");
  const torch::Tensor& bias = weights_.plain.at("cls.predictions.bias");
  const float* first = bias.const_data_ptr<float>();
  decoder_ = std::make_shared<Int8Linear>(weights_.rounded.at(kWords), std::vector<float>(first, first + bias.numel()));
}

torch::Tensor Int8Bert::encode_part(const TokenBatch& part) const {
  const Int8Rows &words = weights_.rounded.at(kWords), &places = weights_.rounded.at(kPlaces);
  torch::Tensor x = weights_.plain.at(kTypes)[0].unsqueeze(0).repeat({part.tokens.size(0), 1});
  const torch::Tensor ids = part.tokens.contiguous();
  const std::int64_t* tokens = ids.const_data_ptr<std::int64_t>();
  float* to = x.mutable_data_ptr<float>();
  for (std::size_t s = 0; s + 1 < part.offsets->size(); ++s)
    for (std::int64_t first = (*part.offsets)[s], t = first; t < (*part.offsets)[s + 1]; ++t) {
      add_row(words, tokens[t], to + t * config_.width);
      add_row(places, t - first, to + t * config_.width);
    }
  x = embedding_norm_(x);
  for (const Layer& layer : layers_) {
    const torch::Tensor seen = packed_attention(times(*layer.query_key_value, x), part.offsets, {.heads = config_.heads});
    const torch::Tensor y = layer.attention_norm(x + times(*layer.attention_output, seen));
    x = layer.output_norm(y + times(*layer.output, activate_bert(times(*layer.intermediate, y), config_.activation)));
  }
  return x;
}

torch::Tensor Int8Bert::encode(const TokenBatch& batch) const {
  const torch::NoGradGuard no_gradient;
  check_tokens(batch, config_);
  return by_parts(batch, config_.width, [&](const TokenBatch& part) { return encode_part(part); });
}

torch::Tensor Int8Bert::forward(const TokenBatch& batch) const {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor hidden = encode(batch);
  if (config_.task == BertTask::masked)
    return times(*decoder_, transform_norm_(activate_bert(times(*transform_, hidden), config_.activation)));
  const auto plain = [&](const torch::Tensor& x, const std::string& name) {
    return torch::linear(x, weights_.plain.at(name + ".weight"), weights_.plain.at(name + ".bias"));
  };
  if (config_.task == BertTask::tokens) return plain(hidden, "classifier");
  return plain(torch::tanh(plain(pool_sequences(hidden, batch.offsets, config_), "bert.pooler.dense")), "classifier");
}

}  // namespace cellverdict
