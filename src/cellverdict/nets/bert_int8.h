#pragma once
// A trained BERT whose embeddings and encoder layers are whole numbers of 8 bits, a scale for each of their rows: about a quarter
// of the size, and faster. What a layer is given is rounded to 8 bits as it comes, token by token, so nothing of a sequence depends
// on those beside it. Predicts only; the pooler and a classifier stay as they are. On the processor only.

#include <cellverdict/nets/bert.h>
#include <cellverdict/nets/int8_products.h>

#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// By the names of the parameters of a Bert.
struct Int8Weights {
  std::map<std::string, Int8Rows> rounded;
  std::map<std::string, torch::Tensor> plain;
};

// Which parameters become whole numbers.
bool rounded_in_int8(const std::string& name);
Int8Weights round_weights(const Bert& net);

class Int8Bert {
 public:
  // `weights` of all parameters of a Bert of this config, of their shapes; else throws std::out_of_range or is undefined: what
  // comes from a file is checked by its reader (train/bert_int8_folder.h).
  Int8Bert(const BertConfig& config, Int8Weights weights);

  // As of Bert in evaluation.
  torch::Tensor encode(const TokenBatch& batch) const;
  torch::Tensor forward(const TokenBatch& batch) const;
  const BertConfig& config() const { return config_; }
  const Int8Weights& weights() const { return weights_; }

 private:
  struct Layer {
    std::shared_ptr<Int8Linear> query_key_value, attention_output, intermediate, output;
    BertNorm attention_norm, output_norm;
  };
  std::shared_ptr<Int8Linear> linear(const std::vector<std::string>& names) const;  // side by side
  BertNorm norm(const std::string& name) const;
  torch::Tensor encode_part(const TokenBatch& part) const;

  BertConfig config_;
  Int8Weights weights_;
  BertNorm embedding_norm_, transform_norm_;
  std::vector<Layer> layers_;
  std::shared_ptr<Int8Linear> transform_, decoder_;
};

}  // namespace cellverdict
