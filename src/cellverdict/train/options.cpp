#include <cellverdict/train/options.h>

namespace cellverdict {

namespace {

const OptionTable<HeadOptions>& head_options() {
  static const auto table =
      OptionTable<HeadOptions>("model.head")
          .add("label", &HeadOptions::label, "obs column to predict besides the label")
          .add("weight", &HeadOptions::weight, "share in the combined loss (the paper's α)", above(0))
          .add("against", &HeadOptions::against,
               "a value held against all others as one class: \"normal\" or not; empty: every value is a class");
  return table;
}

// [[model.head]] is a list of tables.
void read_heads(ModelOptions& options, const Value& value, const std::string& where) {
  const auto* list = std::get_if<ValueList>(&value.data);
  if (list == nullptr)
    throw UsageError({.where = where,
                      .found = value.kind(),
                      .expected = "a list of heads",
                      .advice = "write [[model.head]] with label and weight"});
  options.heads.clear();
  for (const auto& item : *list) {
    HeadOptions head;
    head_options().read(item, head, where);
    if (head.label.empty())
      throw UsageError({.where = where,
                        .found = "a head without a label",
                        .expected = "label = \"<obs column>\"",
                        .advice = "name the column it predicts"});
    options.heads.push_back(std::move(head));
  }
}

Value write_heads(const ModelOptions& options) {
  ValueList list;
  for (const auto& head : options.heads) list.push_back({head_options().write(head), {}});
  return {std::move(list), {}};
}

}  // namespace

const OptionTable<ModelOptions>& model_options() {
  static const auto table =
      OptionTable<ModelOptions>("model")
          .add("kind", &ModelOptions::kind,
               "mlp: of cells; transformer: of the latent numbers of a cell; graph: of cells and their neighbours in latent space; "
               "bag: of patients as bags of cells; bert: of the genes of a cell by rank (Geneformer)",
               one_of({"mlp", "transformer", "graph", "bag", "bert"}))
          .add("input", &ModelOptions::input, "what the net sees of a cell: its genes, or the latent numbers of an autoencoder",
               one_of({"genes", "latent"}))
          .add("width", &ModelOptions::width, "units of each hidden layer", between(1, 65536))
          .add("depth", &ModelOptions::depth, "hidden layers", between(1, 32))
          .add("dropout", &ModelOptions::dropout, "share of hidden units dropped while training", between(0, 0.95))
          .add("activation", &ModelOptions::activation, "of the hidden layers", one_of({"relu", "tanh"}))
          .add("hidden_bias", &ModelOptions::hidden_bias,
               "whether the hidden layers have a bias before their BatchNorm (LMNA study as published: false)")
          .add("half_width_layer", &ModelOptions::half_width_layer,
               "one more Dense(width / 2) and activation before the heads (LMNA study as published: true)")
          .add("batch_norm", &ModelOptions::batch_norm,
               "constants: torch (momentum 0.1, epsilon 1e-5) or keras (0.99 in its own words, 1e-3; LMNA study as published)",
               one_of({"torch", "keras"}))
          .add_custom("head", "[[model.head]] label, weight, against: an extra output that makes the net multi-task", read_heads,
                      write_heads)
          .add_group("bag", &ModelOptions::bag, "of kind = \"bag\"", bag_options())
          .add_group("autoencoder", &ModelOptions::autoencoder, "of input = \"latent\"", autoencoder_options())
          .add_group("transformer", &ModelOptions::transformer, "of kind = \"transformer\"", transformer_options())
          .add_group("graph", &ModelOptions::graph, "of kind = \"graph\"", graph_options())
          .add_group("bert", &ModelOptions::bert, "of kind = \"bert\"", bert_options());
  return table;
}

const OptionTable<TrainOptions>& train_options() {
  static const auto table =
      OptionTable<TrainOptions>("train")
          .add("epochs", &TrainOptions::epochs, "most passes over the training cells", between(1, 100000))
          .add("patience", &TrainOptions::patience, "stop after so many epochs without a better monitor; 0: never", at_least(0))
          .add(
              "monitor", &TrainOptions::monitor, "what chooses the epoch whose weights are kept",
              one_of({"validation.auc", "validation.loss", "validation.accuracy", "validation.balanced_accuracy", "validation.f1"}))
          .add("batch_size", &TrainOptions::batch_size, "cells per minibatch", between(2, 1 << 24))
          .add("optimizer", &TrainOptions::optimizer, "update rule", one_of({"adam", "adamw", "sgd"}))
          .add("learning_rate", &TrainOptions::learning_rate, "step size", above(0))
          .add("momentum", &TrainOptions::momentum, "of sgd", between(0, 0.9999))
          .add("adam_epsilon", &TrainOptions::adam_epsilon,
               "of adam and adamw, added to the root of the squared gradients (Keras, and so the LMNA study as published: 1e-7)",
               above(0))
          .add("weight_decay", &TrainOptions::weight_decay, "L2 penalty (adamw: decoupled)", at_least(0))
          .add("schedule", &TrainOptions::schedule,
               "of the learning rate after the warm-up: constant, or down to zero at the last step along a line, a polynomial (of "
               "power "
               "1, to 1e-7) or half a cosine",
               one_of({"constant", "linear", "polynomial", "cosine"}))
          .add("warmup", &TrainOptions::warmup, "steps in which the learning rate rises from zero", at_least(0))
          .add("clip_norm", &TrainOptions::clip_norm, "gradients are scaled down to this norm; 0: never", at_least(0))
          .add("loss", &TrainOptions::loss,
               "of the label: cross-entropy; bce: each class against the rest; dice: of the softmax, smooth 1; focal: -α (1 - p)^γ "
               "log p",
               one_of({"cross-entropy", "bce", "dice", "focal"}))
          .add("focal_gamma", &TrainOptions::focal_gamma, "γ: how much less easy cells count", at_least(0))
          .add("focal_alpha", &TrainOptions::focal_alpha, "α: the weight of all of the focal loss", above(0))
          .add("upsample", &TrainOptions::upsample,
               "show cells of rarer classes again, as often as the most frequent class is shown")
          .add("class_weights", &TrainOptions::class_weights, "weigh the label's loss by class frequency in training",
               one_of({"none", "balanced"}))
          .add("first_layer", &TrainOptions::first_layer, "product of the first layer; auto: sparse below a density of 0.4",
               one_of({"auto", "sparse", "dense"}))
          .add("seed", &TrainOptions::seed, "the one seed of everything random", at_least(0))
          .add("seeds", &TrainOptions::seeds,
               "how often the net is trained on the same split, with the seeds seed, seed + 1, …: mean and standard deviation over "
               "them are reported, which is no interval",
               between(1, 1000))
          .add("net_seed", &TrainOptions::net_seed,
               "of the net alone (first weights, order, cells drawn from a bag), split and baselines staying as they are; -1: seed",
               at_least(-1));
  return table;
}

TrainOptions with_net_seed(TrainOptions options) {
  if (options.net_seed >= 0) options.seed = static_cast<std::uint64_t>(options.net_seed);
  return options;
}

}  // namespace cellverdict
