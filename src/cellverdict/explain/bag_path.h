#pragma once
// The gradient of a target averaged over the straight path of the first layer's output. Inside the torch rooms only.

#include <cellverdict/explain/integrated_gradients.h>
#include <cellverdict/nets/bag_classifier.h>

#include <torch/torch.h>

namespace cellverdict {

// explain_bag for a net of any precision.
Attribution integrated_gradients(const RunContext& context, BagClassifier& net, const CellBatch& cells,
                                 std::span<const std::int32_t> group, const AttributionBaseline& baseline,
                                 const AttributionOptions& options);

// The target of each row of logits, [rows].
torch::Tensor target_of(const torch::Tensor& logits, const AttributionOptions& options);

// from, to [cells, width]: the first layer's output of the baseline and of the cells. Σ_k weight_k · ∂target/∂output at place_k,
// [cells, width].
torch::Tensor averaged_gradient(BagClassifier& net, const torch::Tensor& from, const torch::Tensor& to,
                                const AttributionOptions& options);

}  // namespace cellverdict
