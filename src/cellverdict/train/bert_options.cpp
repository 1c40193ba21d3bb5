#include <cellverdict/train/bert_options.h>

namespace cellverdict {

const OptionTable<BertOptions>& bert_options() {
  static const auto table =
      OptionTable<BertOptions>("model.bert")
          .add("checkpoint", &BertOptions::checkpoint,
               "folder of a pre-trained net as Hugging Face has it (config.json beside model.safetensors or pytorch_model.bin); "
               "empty: "
               "fresh weights")
          .add("dictionary", &BertOptions::dictionary,
               "folder of a token dictionary (token_dictionary*, gene_median_dictionary*); empty: made of the training cells, "
               "which fits "
               "no published net")
          .add("specials", &BertOptions::specials,
               "of a dictionary made here: V1 puts no special token into a cell, V2 <cls> before and <eos> behind",
               one_of({"V1", "V2"}))
          .add("length", &BertOptions::length, "most tokens of a cell; 0: as many as the net has positions", at_least(0))
          .add("layers", &BertOptions::layers, "of fresh weights, as width, heads, feed_forward and dropout", between(1, 96))
          .add("width", &BertOptions::width, "numbers of a token, which the heads divide", between(1, 16384))
          .add("heads", &BertOptions::heads, "of the attention", between(1, 256))
          .add("feed_forward", &BertOptions::feed_forward, "hidden units of the feed-forward part", between(1, 65536))
          .add("dropout", &BertOptions::dropout, "of hidden units and of attention while training", between(0, 0.95))
          .add("extra_layers", &BertOptions::extra_layers,
               "fresh layers behind the pre-trained ones (pancreas study: 1 task-specific layer)", between(0, 12))
          .add("freeze", &BertOptions::freeze,
               "what training leaves as it is: none, first:2, last:2, embeddings, or some of these joined by commas")
          .add("pooling", &BertOptions::pooling, "what the class is read from: the first token, the mean of all",
               one_of({"first", "mean"}))
          .add("pretrain_epochs", &BertOptions::pretrain_epochs,
               "passes over the training cells to learn masked genes before any label is looked at; 0: none. The folder of that "
               "net is "
               "kept in the run as pretrained/",
               at_least(0))
          .add("pretrain_batch", &BertOptions::pretrain_batch, "cells per minibatch of these", between(2, 1 << 20))
          .add("pretrain_rate", &BertOptions::pretrain_rate, "learning rate of these, falling linearly", above(0))
          .add("pretrain_warmup", &BertOptions::pretrain_warmup, "steps in which it rises from zero", at_least(0))
          .add("cells_at_once", &BertOptions::cells_at_once,
               "cells of a minibatch whose gradients are computed together and added up: bounds the memory", between(1, 4096));
  return table;
}

}  // namespace cellverdict
