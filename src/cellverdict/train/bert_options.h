#pragma once
// [model] kind = "bert": Geneformer's net (Theodoris et al. 2023) on the genes of a cell in the order of their rank.

#include <cellverdict/base/option_table.h>

#include <cstdint>
#include <string>

namespace cellverdict {

struct BertOptions {
  std::string checkpoint;       // folder of a pre-trained net (config.json, weights); empty: fresh weights
  std::string dictionary;       // folder of a token dictionary; empty: made of the training cells
  std::string specials = "V1";  // of a dictionary made here: V1 none in a cell's tokens, V2 <cls> first and <eos> last
  std::int64_t length = 0;      // most tokens of a cell; 0: as many as the net has positions
  std::int64_t layers = 6;      // of fresh weights, as all below to dropout: the shape of V1-10M
  std::int64_t width = 256;
  std::int64_t heads = 4;
  std::int64_t feed_forward = 512;
  double dropout = 0.02;
  std::int64_t extra_layers = 0;  // fresh ones behind them; the pancreas study's task-specific layer: 1
  std::string freeze = "none";    // "first:2", "last:2", "embeddings", joined by commas
  std::string pooling = "first";  // what the class is read from: the first token, or the mean of all
  int pretrain_epochs = 0;        // of masked genes, on the same training cells, before the labels are looked at; 0: none
  std::int64_t pretrain_batch = 12;
  double pretrain_rate = 1e-3;
  std::int64_t pretrain_warmup = 10000;
  std::int64_t cells_at_once = 12;  // of a minibatch, gradients added up: bounds the memory
};
const OptionTable<BertOptions>& bert_options();

}  // namespace cellverdict
