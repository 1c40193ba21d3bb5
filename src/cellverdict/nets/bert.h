#pragma once
// BERT on packed minibatches (Devlin et al. 2018; post-LayerNorm, learned positions, as Geneformer has it): token ids in, logits
// out. Stands between rank tokens and the loss. Sequences of a minibatch lie one behind the other without padding, and nothing of
// one depends on another. Parameters have the names and shapes that transformers gives them in its files.
//
// A training step:
//   net.train();
//   const torch::Tensor logits = net.forward(batch, step);          // `step` numbers the dropout masks
//   some_loss(logits, truth).backward();  optimizer.step();
// Masked language model: logits of 25,426 tokens are wanted at few places, so ask for these alone:
//   net.logits(net.encode(batch, step), batch, step, masked_rows);  // masked_rows int64 [masked], places in the batch
// Prediction: net.eval(), torch::NoGradGuard; long batches are then worked through some sequences at a time.

#include <cellverdict/nets/bert_config.h>
#include <cellverdict/nets/packed_attention.h>

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

struct TokenBatch {
  torch::Tensor tokens;     // int64 [tokens of all sequences]
  SequenceOffsets offsets;  // [sequences + 1], from 0 to tokens.size(0)

  std::int64_t n_sequences() const { return static_cast<std::int64_t>(offsets->size()) - 1; }
};
// Ids of one sequence after the other.
TokenBatch make_token_batch(std::span<const std::int64_t> tokens, std::vector<std::int64_t> offsets);

// Throws as Bert::encode does.
void check_tokens(const TokenBatch& batch, const BertConfig& config);
// What `encode` makes of some sequences at a time, [tokens, width]: what lies between layers stays in the caches. No gradient.
torch::Tensor by_parts(const TokenBatch& batch, std::int64_t width, const std::function<torch::Tensor(const TokenBatch&)>& encode);
torch::Tensor activate_bert(const torch::Tensor& x, const std::string& activation);
// One row a sequence, as the pooler of a classifier sees it: its first token or the mean of its tokens. [sequences, width]
torch::Tensor pool_sequences(const torch::Tensor& hidden, const SequenceOffsets& offsets, const BertConfig& config);

struct BertLinear {
  torch::Tensor weight, bias;  // [out, in], [out]
  torch::Tensor operator()(const torch::Tensor& x) const { return torch::linear(x, weight, bias); }
};

struct BertNorm {
  torch::Tensor weight, bias;  // [width]
  double epsilon = 1e-12;
  torch::Tensor operator()(const torch::Tensor& x) const { return torch::layer_norm(x, {weight.size(0)}, weight, bias, epsilon); }
};

// Dropout of one layer in one training step.
struct BertDropout {
  double hidden = 0, attention = 0;
  std::uint64_t key = 0;  // where its masks begin
};

struct BertLayer {
  BertLinear query, key, value, attention_output, intermediate, output;
  BertNorm attention_norm, output_norm;
  std::int64_t heads = 4;
  std::string activation;

  // x [tokens, width], both.
  torch::Tensor forward(const torch::Tensor& x, const SequenceOffsets& offsets, const BertDropout& dropout) const;
  // query, key, value side by side: [tokens, 3 · width].
  torch::Tensor query_key_value(const torch::Tensor& x) const;
};

class Bert : public torch::nn::Module {
 public:
  // Weights of config.initial_deviation, each parameter's a function of the seed and its name. Throws UsageError for sizes that are
  // no net: heads that do not divide the width, fewer than two labels of a classifier, an unknown activation or pooling.
  Bert(const BertConfig& config, std::uint64_t seed);

  // The last layer's tokens, [tokens, width]. Throws DataError for a sequence longer than the positions, an empty one, and a token
  // outside the vocabulary. `step` is not used when evaluating.
  torch::Tensor encode(const TokenBatch& batch, std::uint64_t step);
  // What the head says of them: `masked` [tokens, vocabulary] (with `rows`: of these alone, [rows, vocabulary]), `sequence`
  // [sequences, labels], `tokens` [tokens or rows, labels].
  torch::Tensor logits(const torch::Tensor& hidden, const TokenBatch& batch, std::uint64_t step, const torch::Tensor& rows = {});
  torch::Tensor forward(const TokenBatch& batch, std::uint64_t step) { return logits(encode(batch, step), batch, step); }

  // The parts of `encode`: token, type and position embeddings with their LayerNorm and dropout, [tokens, width]; and from there
  // on.
  torch::Tensor embed(const TokenBatch& batch, std::uint64_t step);
  torch::Tensor encode_embedded(const torch::Tensor& embedded, const SequenceOffsets& offsets, std::uint64_t step);
  // The embeddings and what each layer makes of them: layers + 1 tensors [tokens, width], the last as of `encode`.
  std::vector<torch::Tensor> hidden_states(const TokenBatch& batch, std::uint64_t step);
  // The shares of attention of a layer on one sequence, from its input [tokens of the sequence, width]: [heads, tokens, tokens].
  torch::Tensor attention_shares(std::int64_t layer, const torch::Tensor& input);
  torch::Tensor pool(const torch::Tensor& hidden, const SequenceOffsets& offsets) const {
    return pool_sequences(hidden, offsets, config_);
  }

  // Training leaves these as they are: they have no gradient from here on; all others have one. Throws UsageError for more layers
  // than there are.
  void freeze(const BertFreeze& freeze);
  // In training, keeps each layer's input alone and computes the layer again for the gradient: less memory, a third more time.
  void recompute_layers(bool recompute) { recompute_ = recompute; }

  const BertConfig& config() const { return config_; }

 private:
  torch::Tensor parameter(const std::string& name, torch::IntArrayRef shape, std::uint64_t seed);
  BertLinear linear(const std::string& name, std::int64_t out, std::int64_t in, std::uint64_t seed);
  BertNorm norm(const std::string& name, std::uint64_t seed);
  BertLayer layer(std::int64_t number, std::uint64_t seed);
  BertDropout dropout(const std::string& place, std::uint64_t step) const;

  BertConfig config_;
  std::uint64_t seed_;
  bool recompute_ = false;
  torch::Tensor words_, positions_, types_;  // [vocabulary, width], [positions, width], [types, width]
  BertNorm embedding_norm_;
  std::vector<BertLayer> layers_;
  BertLinear pooler_, classifier_, transform_;
  BertNorm transform_norm_;
  torch::Tensor decoder_bias_;  // its weight is words_
};

}  // namespace cellverdict
