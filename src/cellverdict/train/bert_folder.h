#pragma once
// A BERT in a folder as Hugging Face has it: config.json beside model.safetensors or pytorch_model.bin. What is written here
// transformers loads, and the other way round.

#include <cellverdict/nets/bert.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct BertOpening {
  std::optional<BertTask> task;     // what the net is to say; nothing: what the folder's net says
  std::vector<std::string> labels;  // of its classifier; empty: those of the folder. Others than those begin afresh
  std::int64_t extra_layers = 0;    // fresh ones behind the folder's
  std::string pooling;              // empty: that of the folder
  std::int64_t dictionary = 0;      // tokens of the dictionary in use, which the vocabulary must have; 0: not checked
  std::uint64_t seed = 0;           // of everything fresh, and of dropout
};

struct OpenedBert {
  std::shared_ptr<Bert> net;
  std::vector<std::string> fresh;   // parameters that the folder has not: begun from the seed
  std::vector<std::string> unused;  // tensors of heads that the net has not
  std::vector<std::string> notes;   // both in a sentence each, for the user
};

// Only heads and extra layers may be missing, and only tensors of heads may be left over. Throws InputError, which names the first
// tensor that is missing, misshapen or unknown; and for a vocabulary of another size than the dictionary.
OpenedBert open_bert(const std::filesystem::path& folder, const BertOpening& opening);

// config.json and model.safetensors. Other files of the folder stay as they are.
void write_bert(const std::filesystem::path& folder, const Bert& net);

}  // namespace cellverdict
