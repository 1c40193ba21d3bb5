#pragma once
// The net of bags behind a Classifier of kind "bag": its shape, its tensors in files, its predictions. Inside the torch rooms only.

#include <cellverdict/encode/bags.h>
#include <cellverdict/io/safetensors.h>
#include <cellverdict/nets/bag_classifier.h>
#include <cellverdict/train/classifier.h>

#include <span>
#include <string>

namespace cellverdict {

BagShape bag_shape_of(const ModelCard& card);

// The state dict in PyTorch's layout and with the published code's names, and back. Throws InputError when a tensor is missing or
// has another shape; `where` names the file.
void collect_bag_state(const BagClassifier& net, Safetensors& out);
void restore_bag_state(BagClassifier& net, const Safetensors& in, const std::string& where);

// Class probabilities of packed bags, [bags, classes]. Rows of `logits` likewise.
void append_bag_probabilities(const torch::Tensor& logits, HeadProbabilities& out);
HeadProbabilities predict_packed(const RunContext& context, const ModelCard& card, BagClassifier& net, const PackedBags& bags);

// Prepared cells taken for one bag: its probabilities once for each of them, [cells, classes].
HeadProbabilities predict_one_bag(const RunContext& context, const ModelCard& card, BagClassifier& net, const CsrBlock& prepared);

// Bags of a view and the net that is asked about them.
struct BagAsking {
  const RunContext& context;
  const ModelCard& card;
  BagClassifier& net;
  const PreparedCells& prepared;
  const Bags& bags;
};
struct BagAnswers {
  HeadProbabilities probability;  // [which, classes]
  std::vector<float> embedding;   // [which, patient_width]
};
// The same for some of these bags, of each as many cells as in training, drawn by the training's seed and the number of the draw.
BagAnswers answer_bags(const BagAsking& asking, std::span<const std::int64_t> which, int draw);
// All of them, the first draw.
HeadProbabilities predict_bags(const RunContext& context, const ModelCard& card, BagClassifier& net, const PreparedCells& prepared,
                               const Bags& bags);

// Cells of several bags are multiplied together up to about this many: more use the product better, and need memory.
constexpr std::int64_t kCellsTogether = 8192;

}  // namespace cellverdict
