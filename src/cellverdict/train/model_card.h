#pragma once
// model.json: everything about a saved model but its weights. With model.safetensors beside it, it is all `predict` needs.

#include <cellverdict/nets/bert_config.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/value_state.h>
#include <cellverdict/split/side.h>
#include <cellverdict/stats/learning_curve.h>
#include <cellverdict/train/options.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct ModelHead {
  std::string label;  // obs column
  std::vector<std::string> classes;
  double weight = 1;
  std::string against = {};  // HeadOptions
  std::int64_t n_logits() const { return classes.size() == 2 ? 1 : static_cast<std::int64_t>(classes.size()); }
};

// One training cell and what the model said of it when it was saved: loading checks that this build says the same.
struct SelfTestCell {
  std::vector<std::int32_t> genes;  // of the preparation
  std::vector<float> counts;
  double total = 0;
  std::vector<double> probability;  // of the label's classes
};

struct ModelCard {
  std::string version;  // of cellverdict
  ModelOptions model;
  TrainOptions train;
  BertConfig bert;         // of kind "bert": the net's shape, in config.json beside model.json
  PrepareOptions prepare;  // quality control that the training cells passed
  Preparation preparation;
  std::vector<ModelHead> heads;            // the label first
  std::string positive;                    // two classes
  ValueState values = ValueState::counts;  // of the files it was trained on
  std::string where;                       // which cells it was trained on, as [data] where says
  std::string unit, donor;                 // obs columns
  double threshold = 0.5, temperature = 1;
  std::string threshold_source, temperature_source;
  SplitSummary split;
  LearningCurve curve;
  LearningCurve encoder_curve;                                  // of input "latent"
  std::vector<std::pair<std::string, std::string>> provenance;  // versions, input hashes: name → value
  std::vector<SelfTestCell> self_test;
  std::string weights_sha256;  // of model.safetensors; set by saving
};

std::string model_card_to_json(const ModelCard& card);
// Throws InputError naming `where`.
ModelCard model_card_from_json(const std::string& text, const std::string& where);

// The history alone, without timings, so that a resumed training writes the same bytes.
std::string learning_curve_to_json(const LearningCurve& curve);
LearningCurve learning_curve_from_json(const std::string& text, const std::string& where);

}  // namespace cellverdict
