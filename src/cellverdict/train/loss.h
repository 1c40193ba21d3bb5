#pragma once
// Losses of the label's classes against imbalance, besides cross-entropy (pancreas study §3.3).

#include <cellverdict/train/options.h>

#include <torch/torch.h>

#include <string>

namespace cellverdict {

struct LossOptions {
  std::string kind = "cross-entropy";
  double focal_gamma = 2, focal_alpha = 1;
};
LossOptions loss_of(const TrainOptions& options);

// Per cell, [n]: logits [n, classes], or [n, 1] of the second of two classes; target int64 [n].
//   cross-entropy  −log p_t
//   bce            one class against the rest: Σ_c binary cross-entropy of sigmoid(z_c); of two classes with one logit the same as
//   above focal          −α (1 − p_t)^γ log p_t   (Lin et al. 2017)
// Throws InternalError for "dice", which is of a whole minibatch.
torch::Tensor losses_of_cells(const LossOptions& options, const torch::Tensor& logits, const torch::Tensor& target);

// 1 − mean over classes of (2 Σ w p y + 1) / (Σ w p + Σ w y + 1) over the cells of a minibatch (Milletari et al. 2016, smooth 1).
// weight [n].
torch::Tensor dice_loss(const torch::Tensor& logits, const torch::Tensor& target, const torch::Tensor& weight);

}  // namespace cellverdict
