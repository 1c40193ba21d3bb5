#pragma once
// Which genes of which cells made a net of bags say what it said of a patient: integrated gradients (Sundararajan, Taly and Yan
// 2017) from a baseline to the patient's cells. Torch-free face.
//
// The first layer is linear, so what it gives moves on a straight line from the baseline to the cells: its products, and those of
// the attention's first layer, are made once per patient, the steps along the path are elementwise, and the averaged gradient is
// carried back to the genes once.

#include <cellverdict/base/run_context.h>
#include <cellverdict/train/classifier.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct AttributionOptions {
  int steps = 50;                      // of Gauss–Legendre quadrature
  std::string target = "probability";  // of target_class; or its "logit"; or "logit-difference": target's minus against's
  std::int64_t target_class = 1, against_class = 0;
  bool keep_matrix = true;  // cells × genes; where the baseline is a profile it is as large as the cells written densely
  bool magnitude = false;   // sums of absolute values too, block of cells by block of cells
};

// What the cells are compared with; nothing given: zero.
struct AttributionBaseline {
  // [genes] the same for every cell, as the mean of a class; or [groups, genes] for each cell that of its group.
  std::span<const float> profile = {};
  const CsrBlock* cells = nullptr;  // one for each cell of the bag
};

struct Attribution {
  std::int64_t n_groups = 1;
  std::vector<double> gene;       // [groups, genes] summed over the cells of a group
  std::vector<double> magnitude;  // [groups, genes] the same of absolute values; empty unless asked for
  std::vector<double> cell;       // [cells] summed over genes
  CsrBlock matrix;                // [cells, genes] where cell and baseline are not both zero; empty unless kept
  double value = 0;               // of the target for the cells
  double baseline_value = 0;      // and for the baseline
  // What the sum over cells and genes misses of value − baseline_value: the error of the quadrature.
  double convergence_delta() const;
};

// `cells` are prepared and of one bag. `group` [cells] divides them (cell types: numbers from 0); empty: one group.
// Throws UsageError for a model of another kind, a class or target that it does not have, or a baseline of another shape.
Attribution explain_bag(const RunContext& context, const Classifier& classifier, const CsrBlock& cells,
                        std::span<const std::int32_t> group, const AttributionBaseline& baseline,
                        const AttributionOptions& options);

// The same net with fresh weights, as if training had not begun: an explanation that looks alike says nothing of what was learned.
Classifier with_random_weights(const Classifier& classifier, std::uint64_t seed);

// The share of each cell in its bag, [cells]; empty for a transformer, which has none.
std::vector<double> attention_of(const RunContext& context, const Classifier& classifier, const CsrBlock& cells);

}  // namespace cellverdict
