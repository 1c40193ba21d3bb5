#pragma once
// [model] and [train]: the net and how it learns. Defaults are those of the LMNA study (paper §2.5).

#include <cellverdict/base/option_table.h>
#include <cellverdict/train/bag_options.h>
#include <cellverdict/train/bert_options.h>
#include <cellverdict/train/latent_options.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// An auxiliary output: predicts another obs column from the same hidden layers.
struct HeadOptions {
  std::string label;    // obs column
  double weight = 0.3;  // α of the combined loss L = L_label + α · L_head
  std::string against;  // a value held against all others as one class; empty: every value is a class
};

struct ModelOptions {
  std::string kind = "mlp";
  std::string input = "genes";  // or "latent": what an autoencoder makes of them
  std::int64_t width = 512;
  std::int64_t depth = 2;
  double dropout = 0.3;
  std::string activation = "relu";
  // The network published with the LMNA study differs from its text in these three: no bias, the half-width layer, Keras'
  // BatchNorm.
  bool hidden_bias = true;           // of the Dense layers that a BatchNorm follows
  bool half_width_layer = false;     // one more Dense(width / 2) and activation before the heads
  std::string batch_norm = "torch";  // constants: torch (momentum 0.1, epsilon 1e-5), keras (0.99, which is 0.01 here, and 1e-3)
  std::vector<HeadOptions> heads;    // [[model.head]]
  BagOptions bag;                    // of kind = "bag", which uses none of the above but kind
  AutoencoderOptions autoencoder;    // of input = "latent"
  TransformerOptions transformer;    // of kind = "transformer", which uses dropout and heads of the above
  GraphOptions graph;                // of kind = "graph", likewise
  BertOptions bert;                  // of kind = "bert", which uses none of the above but kind
};

struct TrainOptions {
  int epochs = 40;
  int patience = 8;  // epochs without a better monitor before stopping; 0: never stop early
  std::string monitor = "validation.auc";
  std::int64_t batch_size = 256;
  std::string optimizer = "adam";
  double learning_rate = 1e-3;
  double momentum = 0.9;               // sgd
  double adam_epsilon = 1e-8;          // torch's; Keras: 1e-7
  double weight_decay = 0;             // adam, sgd: L2; adamw: decoupled
  std::string schedule = "constant";   // of the learning rate; see schedule.h
  std::int64_t warmup = 0;             // steps in which it rises from zero
  double clip_norm = 0;                // gradients are scaled down to this norm; 0: as they are
  std::string loss = "cross-entropy";  // of the label's head; see loss.h
  double focal_gamma = 2, focal_alpha = 1;
  bool upsample = false;               // rarer classes are shown as often as the most frequent
  std::string class_weights = "none";  // "balanced": n / (classes · n_class), as scikit-learn
  std::string first_layer = "auto";    // by density
  std::uint64_t seed = 42;
  int seeds = 1;               // trainings, each with a seed of its own for the net
  std::int64_t net_seed = -1;  // of the net alone; -1: `seed`
};

// With the net's seed as the seed.
TrainOptions with_net_seed(TrainOptions options);

const OptionTable<ModelOptions>& model_options();
const OptionTable<TrainOptions>& train_options();

}  // namespace cellverdict
