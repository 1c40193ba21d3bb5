#pragma once
// PaSCient: a patient is a bag of cells. Cell encoder → aggregator → patient encoder (Linear–PReLU)×2 → one logit per class.
// Parameters have the names of the published code's state dict; state() has its layout too, so that PyTorch reads what is saved.

#include <cellverdict/nets/aggregate.h>
#include <cellverdict/nets/first_layer.h>

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

struct BagShape {
  std::int64_t n_genes = 0, n_classes = 2;
  std::string cell_encoder = "linear";  // or "mlp": (Linear–PReLU)×2
  std::int64_t width = 1024;            // of a cell's embedding
  std::string aggregator = "nonlinear-attention";
  std::int64_t attention_width = 1024;
  std::int64_t heads = 4, layers = 3;  // transformer
  std::int64_t patient_width = 512;
  // The published code pads bags with empty cells and forgets its mask in the softmax: a patient with fewer cells than
  // published_bag_size is pulled towards the empty cell. Off: the paper's definition.
  bool as_published_code = false;
  std::int64_t published_bag_size = 1500;
};

// Bags of prepared cells, packed: bag b is rows [offsets[b], offsets[b + 1]) of the cells, never none. `cells` must outlive the
// backward pass.
struct BagBatch {
  CellBatch cells;
  std::span<const std::int64_t> offsets;  // [bags + 1]
};

class BagClassifier : public torch::nn::Module {
 public:
  // Weights as torch::nn::Linear draws them, from `seed` alone. Throws UsageError for what the published code cannot do.
  BagClassifier(const BagShape& shape, std::uint64_t seed);

  torch::Tensor forward(const BagBatch& bags);                                                  // logits [bags, classes]
  torch::Tensor embed(const BagBatch& bags);                                                    // patients [bags, patient_width]
  torch::Tensor judge(const torch::Tensor& patients) { return predictor_->forward(patients); }  // their logits
  torch::Tensor attention(const BagBatch& bags);  // share of each cell in its bag, [cells]; undefined: transformer
  const BagShape& shape() const { return shape_; }

  // The steps of forward(), for what follows the path inside.
  torch::Tensor first(const CellBatch& cells) { return first_(cells); }  // [cells, width], linear in the cells
  torch::Tensor encode(const torch::Tensor& first);                      // the rest of the cell encoder
  torch::Tensor aggregate(const torch::Tensor& z, std::span<const std::int64_t> offsets);
  torch::Tensor classify(const torch::Tensor& e);  // [bags, width] → logits
  FirstLayer first_layer() const { return first_; }
  Aggregator aggregator() const { return aggregator_; }
  std::optional<PublishedPadding> padding();

  // Names and tensors as PyTorch's state_dict() of the same net has them: weights of linear layers [out, in].
  std::vector<std::pair<std::string, torch::Tensor>> state() const;
  // Copies one tensor of such a state in; its name and shape are those of state().
  void set_state(const std::string& name, const torch::Tensor& value);

 private:
  torch::Tensor aggregated(const BagBatch& bags);  // [bags, width]

  BagShape shape_;
  FirstLayer first_{nullptr};
  torch::nn::PReLU first_activation_{nullptr}, second_activation_{nullptr};
  torch::nn::Linear second_{nullptr};
  Aggregator aggregator_{nullptr};
  Layers patient_{nullptr}, predictor_{nullptr};
};

}  // namespace cellverdict
