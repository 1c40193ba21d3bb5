#pragma once
// The combined loss L = L_label + Σ weight · L_head (paper §2.5.2), and probabilities from logits.

#include <cellverdict/train/classifier.h>
#include <cellverdict/train/loss.h>

#include <torch/torch.h>

#include <vector>

namespace cellverdict {

// Classes of the cells of a view for each head; -1: no value there, left out of that head's loss.
using HeadTruth = std::vector<std::vector<std::int32_t>>;  // [heads][cells]
HeadTruth head_truth(const CellView& view, const std::vector<ModelHead>& heads);

// Mean cross-entropy per head over the cells with a class, weighted and added; of the label's head the loss `of_label` says.
// `class_weights` is of the label's head, may be empty.
torch::Tensor combined_loss(const std::vector<torch::Tensor>& logits, const std::vector<std::vector<std::int64_t>>& truth,
                            const std::vector<ModelHead>& heads, const std::vector<double>& class_weights,
                            const LossOptions& of_label = {});

// Appends softmax (two classes: sigmoid) of each row, in double.
void append_probabilities(const torch::Tensor& logits, std::int64_t n_classes, HeadProbabilities& out);

// Metrics of a whole side: the label's head, and the combined loss.
EpochMetrics measure_side(const std::vector<HeadProbabilities>& probabilities, const HeadTruth& truth,
                          const std::vector<ModelHead>& heads, std::int32_t positive);

}  // namespace cellverdict
