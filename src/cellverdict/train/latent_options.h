#pragma once
// [model] input = "latent": an autoencoder fitted on the training cells of one kind, and what reads its latent numbers besides the
// feed-forward net of kind "mlp". Sizes and defaults are those of the blood-lineage study (paper §3, §4.1).

#include <cellverdict/base/option_table.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct AutoencoderOptions {
  std::string where;                         // of the training cells those it is fitted on; empty: those of [split] where
  std::vector<std::int64_t> hidden = {512};  // widths of the encoder; the decoder has them the other way round
  std::int64_t latent = 256;
  std::string latent_activation = "linear";
  double input_dropout = 0;
  int epochs = 30;
  int patience = 5;
  std::int64_t batch_size = 512;
  double learning_rate = 1e-3;
  double weight_decay = 0;
  bool transductive = false;  // also on validation and test cells, whose labels it does not see
};
const OptionTable<AutoencoderOptions>& autoencoder_options();

// Of kind = "transformer": the latent numbers of a cell as a sequence of tokens of width 1.
struct TransformerOptions {
  std::int64_t width = 256;
  std::int64_t heads = 4;
  std::int64_t layers = 1;
  std::int64_t feed_forward = 512;
  bool positions = true;       // a learned vector per latent coordinate
  std::string scale = "head";  // of the attention's logits: 1/√(width / heads), or "width": 1/√width (paper eq. 3)
};
const OptionTable<TransformerOptions>& transformer_options();

// Of kind = "graph": a graph convolution over cells joined by their cosine similarity.
struct GraphOptions {
  std::int64_t width = 128;
  double threshold = 0.4;          // least similarity of joined cells
  std::int64_t neighbours = 1000;  // most a cell may choose
  std::string cap_by = "cell";     // or "total": `neighbours` times the number of cells, of all pairs the most similar
  bool approximate = false;
  bool transductive = false;  // cells of all sides are nodes, without their labels; each asked cell joins them
};
const OptionTable<GraphOptions>& graph_options();

}  // namespace cellverdict
