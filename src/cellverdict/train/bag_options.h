#pragma once
// [model] bag: a patient as a bag of cells (kind = "bag"). Sizes and defaults are PaSCient's; its learning rate (1e-4), L2 penalty
// (weight_decay 1e-4) and class weights are options of [train].

#include <cellverdict/base/option_table.h>

#include <cstdint>
#include <string>

namespace cellverdict {

struct BagOptions {
  std::string cell_encoder = "linear";
  std::int64_t cell_width = 1024;
  std::string aggregator = "nonlinear-attention";
  std::int64_t attention_width = 1024;
  std::int64_t transformer_heads = 4, transformer_layers = 3;
  std::int64_t patient_width = 512;
  std::int64_t cells = 1500;   // drawn per patient and epoch; 0: all
  std::int64_t patients = 32;  // per step of the optimiser
  std::string balance = "none";
  std::string tissue;  // obs column
  bool balance_and_class_weights = false;
  double mixup = 0;             // patients mixed of two, per real one shown
  double mixup_alpha = 1;       // of Beta(α, α), from which the first one's share is drawn
  int plateau_patience = 20;    // epochs without a lower validation loss before the learning rate falls; 0: never
  double plateau_factor = 0.1;  // what it is multiplied with
  bool as_published_code = false;
};
const OptionTable<BagOptions>& bag_options();

}  // namespace cellverdict
