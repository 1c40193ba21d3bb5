#include <cellverdict/base/error.h>
#include <cellverdict/train/loss.h>

namespace cellverdict {

namespace {

// log p of both classes of one logit, or of all; [n, classes].
torch::Tensor log_probabilities(const torch::Tensor& logits) {
  if (logits.size(1) != 1) return torch::log_softmax(logits, 1);
  return torch::cat({torch::log_sigmoid(-logits), torch::log_sigmoid(logits)}, 1);
}

}  // namespace

LossOptions loss_of(const TrainOptions& options) {
  return {options.loss, options.focal_gamma, options.focal_alpha};
}

torch::Tensor losses_of_cells(const LossOptions& options, const torch::Tensor& logits, const torch::Tensor& target) {
  if (options.kind == "dice")
    throw InternalError({.where = "loss", .found = "dice asked cell by cell", .expected = "a whole minibatch"});
  const std::int64_t n_classes = logits.size(1) == 1 ? 2 : logits.size(1);
  if (options.kind == "bce" && n_classes > 2) {
    const torch::Tensor one_hot = torch::one_hot(target, n_classes).to(logits.scalar_type());
    return torch::binary_cross_entropy_with_logits(logits, one_hot, {}, {}, at::Reduction::None).sum(1);
  }
  if (options.kind != "focal" && logits.size(1) == 1)
    return torch::binary_cross_entropy_with_logits(logits.view({-1}), target.to(logits.scalar_type()), {}, {}, at::Reduction::None);
  const torch::Tensor of_truth = log_probabilities(logits).gather(1, target.view({-1, 1})).view({-1});
  if (options.kind != "focal") return -of_truth;
  return -options.focal_alpha * torch::pow(1 - of_truth.exp(), options.focal_gamma) * of_truth;
}

torch::Tensor dice_loss(const torch::Tensor& logits, const torch::Tensor& target, const torch::Tensor& weight) {
  const torch::Tensor p = log_probabilities(logits).exp() * weight.view({-1, 1});
  const torch::Tensor y = torch::one_hot(target, p.size(1)).to(p.scalar_type()) * weight.view({-1, 1});
  // Of weighted cells p and y both carry the weight: their product must have it once.
  const torch::Tensor both = (log_probabilities(logits).exp() * y).sum(0);
  return 1 - ((2 * both + 1) / (p.sum(0) + y.sum(0) + 1)).mean();
}

}  // namespace cellverdict
