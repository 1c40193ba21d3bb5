#pragma once
// Pre-training of a BERT on ranked genes: which gene stands at a masked place (Devlin et al. 2018; Theodoris et al. 2023). Sees
// tokens and no label. Stands before the fine-tuning of kind "bert"; its result is a folder that transformers opens. Torch-free
// face of the torch rooms.

#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/token_dictionary.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/split/views.h>
#include <cellverdict/stats/learning_curve.h>
#include <cellverdict/train/bert_options.h>

#include <filesystem>
#include <optional>
#include <string>

namespace cellverdict {

struct PretrainRequest {
  BertOptions options;
  const TokenDictionary& dictionary;
  std::uint64_t seed = 42;
  std::filesystem::path out;          // gets config.json, model.safetensors, the dictionary and curve.json, whole or not at all
  std::filesystem::path checkpoints;  // as in TrainRequest
  std::string key;
  bool resume = false;
};

// 15 % of the genes of each cell are asked for: of these 80 % are seen as <mask>, 10 % as any gene, 10 % as they are; specials
// never. AdamW, warm-up, then linearly to zero, gradients clipped at norm 1. The epoch of the least loss on `validation`, whose
// masks are always the same, is kept (absent: the last). `preparation` gives counts as they are. Throws as train_classifier does.
LearningCurve pretrain_bert(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                            const Preparation& preparation, const PretrainRequest& request);

}  // namespace cellverdict
