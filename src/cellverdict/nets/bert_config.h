#pragma once
// The shape of a BERT (Devlin et al. 2018) as a config.json of Hugging Face states it. Defaults are those of Geneformer V1-10M
// (Theodoris et al. 2023). Torch-free; read and written by train/bert_config_file.h.

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// What the net says: a token for each masked one, a class for a sequence, a class for each token.
enum class BertTask { masked, sequence, tokens };

struct BertConfig {
  std::int64_t vocabulary = 25426;    // tokens; the first is <pad>
  std::int64_t width = 256;           // of a token: hidden_size
  std::int64_t layers = 6;            // pre-trained ones
  std::int64_t extra_layers = 0;      // task-specific ones behind them, always begun afresh; in files they are layers like others
  std::int64_t heads = 4;             // divide the width
  std::int64_t feed_forward = 512;    // intermediate_size
  std::int64_t positions = 2048;      // the longest sequence
  std::int64_t token_types = 2;       // only the first is used
  std::string activation = "relu";    // "relu", "gelu" (exact) or "gelu_new" (by tanh)
  double hidden_dropout = 0.02;       // after embeddings, attention and feed-forward
  double attention_dropout = 0.02;    // of the attention's shares
  double classifier_dropout = -1;     // before the classifier; negative: hidden_dropout
  double layer_norm_epsilon = 1e-12;  // inside the root
  double initial_deviation = 0.02;    // of fresh weights: initializer_range
  BertTask task = BertTask::masked;
  std::string pooling = "first";    // what the pooler of a sequence sees: its "first" token, or the "mean" of its tokens
  std::vector<std::string> labels;  // the classes of `sequence` and `tokens`

  std::int64_t all_layers() const { return layers + extra_layers; }
  double dropout_of_classifier() const { return classifier_dropout < 0 ? hidden_dropout : classifier_dropout; }
};

// Layers that training leaves as they are, counted among the pre-trained ones.
struct BertFreeze {
  std::int64_t first = 0, last = 0;
  bool embeddings = false;
};

}  // namespace cellverdict
