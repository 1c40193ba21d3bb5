#pragma once
// The net behind a Classifier; inside the torch rooms only.

#include <cellverdict/nets/bag_classifier.h>
#include <cellverdict/nets/mlp.h>
#include <cellverdict/train/classifier.h>

#include <memory>

namespace cellverdict {

struct Classifier::Parts {
  std::shared_ptr<Mlp> net;             // kind mlp
  std::shared_ptr<BagClassifier> bags;  // kind bag
};

// A fresh net of the card's shape, weights drawn from its seed.
std::unique_ptr<Classifier::Parts> make_parts(const ModelCard& card);

std::vector<HeadProbabilities> predict_prepared(const RunContext& context, const Classifier& classifier,
                                                const PreparedCells& cells);

}  // namespace cellverdict
