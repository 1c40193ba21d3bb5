#include <cellverdict/train/latent_options.h>

namespace cellverdict {

namespace {

void read_hidden(AutoencoderOptions& options, const Value& value, const std::string& where) {
  const auto* list = std::get_if<ValueList>(&value.data);
  const auto refuse = [&](const std::string& found) {
    throw UsageError({.where = where,
                      .found = found,
                      .expected = "a list of widths, each between 1 and 65536",
                      .advice = "write hidden = [512], or [] for a linear autoencoder"});
  };
  if (list == nullptr) refuse(value.kind());
  options.hidden.clear();
  for (const auto& item : *list) {
    const auto* width = std::get_if<std::int64_t>(&item.data);
    if (width == nullptr || *width < 1 || *width > 65536) refuse(item.text());
    options.hidden.push_back(*width);
  }
}

Value write_hidden(const AutoencoderOptions& options) {
  ValueList list;
  for (const auto width : options.hidden) list.push_back({width, {}});
  return {std::move(list), {}};
}

}  // namespace

const OptionTable<AutoencoderOptions>& autoencoder_options() {
  static const auto table =
      OptionTable<AutoencoderOptions>("model.autoencoder")
          .add("where", &AutoencoderOptions::where,
               "of the training cells those it is fitted on, as [data] where; empty: those of [split] where")
          .add_custom("hidden", "widths of the encoder's hidden layers, mirrored in the decoder", read_hidden, write_hidden)
          .add("latent", &AutoencoderOptions::latent, "latent numbers of a cell", between(1, 65536))
          .add("latent_activation", &AutoencoderOptions::latent_activation, "of the latent layer", one_of({"linear", "relu"}))
          .add("input_dropout", &AutoencoderOptions::input_dropout,
               "share of the non-zero inputs dropped while training; what is reconstructed has them all", between(0, 0.95))
          .add("epochs", &AutoencoderOptions::epochs, "most passes over its training cells", between(1, 100000))
          .add("patience", &AutoencoderOptions::patience, "stop after so many epochs without a lower validation loss; 0: never",
               at_least(0))
          .add("batch_size", &AutoencoderOptions::batch_size, "cells per minibatch", between(2, 1 << 24))
          .add("learning_rate", &AutoencoderOptions::learning_rate, "step size of Adam", above(0))
          .add("weight_decay", &AutoencoderOptions::weight_decay, "L2 penalty", at_least(0))
          .add("transductive", &AutoencoderOptions::transductive,
               "fit it on the cells of all sides, as the blood-lineage study did: the result is then about cells the encoder has "
               "seen");
  return table;
}

const OptionTable<TransformerOptions>& transformer_options() {
  static const auto table =
      OptionTable<TransformerOptions>("model.transformer")
          .add("width", &TransformerOptions::width, "numbers per token", between(1, 65536))
          .add("heads", &TransformerOptions::heads, "must divide width", between(1, 1024))
          .add("layers", &TransformerOptions::layers, "attention and feed-forward, one after another", between(1, 64))
          .add("feed_forward", &TransformerOptions::feed_forward, "hidden units of the feed-forward part", between(1, 65536))
          .add("positions", &TransformerOptions::positions,
               "a learned vector per latent coordinate; false as in the blood-lineage paper, whose net cannot tell coordinates "
               "apart")
          .add("scale", &TransformerOptions::scale,
               "logits are divided by the root of: head (width / heads), width (equation 3 of the blood-lineage paper)",
               one_of({"head", "width"}));
  return table;
}

const OptionTable<GraphOptions>& graph_options() {
  static const auto table =
      OptionTable<GraphOptions>("model.graph")
          .add("width", &GraphOptions::width, "hidden units", between(1, 65536))
          .add("threshold", &GraphOptions::threshold, "least cosine similarity of joined cells", between(-1, 1))
          .add("neighbours", &GraphOptions::neighbours, "most that a cell is joined with, the most similar first",
               between(1, 1 << 20))
          .add("cap_by", &GraphOptions::cap_by,
               "cell: `neighbours` of each cell; total: as many pairs as that allows all cells together, the most similar of all",
               one_of({"cell", "total"}))
          .add("transductive", &GraphOptions::transductive,
               "the graph has the cells of all sides, without their labels, and is kept with the model")
          .add("approximate", &GraphOptions::approximate, "search neighbours by a navigable graph instead of all pairs");
  return table;
}

}  // namespace cellverdict
