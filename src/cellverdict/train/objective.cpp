#include <cellverdict/split/cohort.h>
#include <cellverdict/split/one_against_rest.h>
#include <cellverdict/stats/metrics.h>
#include <cellverdict/train/objective.h>

#include <cmath>

namespace cellverdict {

HeadTruth head_truth(const CellView& view, const std::vector<ModelHead>& heads) {
  HeadTruth truth;
  for (std::size_t h = 0; h < heads.size(); ++h)
    truth.push_back(codes_against_rest(view.column(heads[h].label, h == 0 ? "[data] label" : "[[model.head]] label"),
                                       heads[h].classes, heads[h].against));
  return truth;
}

torch::Tensor combined_loss(const std::vector<torch::Tensor>& logits, const std::vector<std::vector<std::int64_t>>& truth,
                            const std::vector<ModelHead>& heads, const std::vector<double>& class_weights,
                            const LossOptions& of_label) {
  torch::Tensor total = torch::zeros({}, logits[0].options());
  for (std::size_t h = 0; h < heads.size(); ++h) {
    std::vector<float> weights;
    double weight_sum = 0;
    for (const std::int64_t c : truth[h]) {
      weights.push_back(c < 0 ? 0.0F : h == 0 && !class_weights.empty() ? static_cast<float>(class_weights[c]) : 1.0F);
      weight_sum += weights.back();
    }
    if (weight_sum == 0) continue;
    const torch::Tensor weight = torch::tensor(weights).to(logits[h].device());
    const torch::Tensor target = torch::tensor(truth[h]).clamp_min(0).to(logits[h].device());
    if (h == 0 && of_label.kind == "dice") {
      total = total + heads[h].weight * dice_loss(logits[h], target, weight);
      continue;
    }
    const torch::Tensor losses = losses_of_cells(h == 0 ? of_label : LossOptions{}, logits[h], target);
    total = total + heads[h].weight * (losses * weight).sum() / weight_sum;
  }
  return total;
}

void append_probabilities(const torch::Tensor& logits, std::int64_t n_classes, HeadProbabilities& out) {
  const torch::Tensor plain = logits.detach().cpu().to(torch::kFloat64).contiguous();
  const double* z = plain.const_data_ptr<double>();
  for (std::int64_t i = 0; i < plain.size(0); ++i) {
    if (n_classes == 2) {
      // Both from the logit: 1 - p would lose the small one.
      out.push_back(1 / (1 + std::exp(z[i])));
      out.push_back(1 / (1 + std::exp(-z[i])));
      continue;
    }
    const double* row = z + i * n_classes;
    double largest = row[0], sum = 0;
    for (std::int64_t c = 1; c < n_classes; ++c) largest = std::max(largest, row[c]);
    for (std::int64_t c = 0; c < n_classes; ++c) sum += std::exp(row[c] - largest);
    for (std::int64_t c = 0; c < n_classes; ++c) out.push_back(std::exp(row[c] - largest) / sum);
  }
}

EpochMetrics measure_side(const std::vector<HeadProbabilities>& probabilities, const HeadTruth& truth,
                          const std::vector<ModelHead>& heads, std::int32_t positive) {
  EpochMetrics metrics;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const auto n_classes = static_cast<std::int64_t>(heads[h].classes.size());
    std::vector<std::int32_t> known;
    std::vector<double> known_probabilities;
    for (std::size_t i = 0; i < truth[h].size(); ++i) {
      if (truth[h][i] < 0) continue;
      known.push_back(truth[h][i]);
      const auto row = probabilities[h].begin() + static_cast<std::ptrdiff_t>(i) * n_classes;
      known_probabilities.insert(known_probabilities.end(), row, row + n_classes);
    }
    if (known.empty()) continue;
    const Classification result =
        classify({.truth = known, .probability = known_probabilities, .n_classes = n_classes, .positive = h == 0 ? positive : 1});
    metrics.loss += heads[h].weight * result.loss;
    if (h > 0) continue;
    metrics.accuracy = result.accuracy;
    metrics.balanced_accuracy = result.balanced_accuracy;
    metrics.f1 = result.f1;
    metrics.auc = result.auc;
  }
  return metrics;
}

}  // namespace cellverdict
