#pragma once
// Training of a net of bags. Torch-free face: train_classifier (train/classifier.h) comes here for kind "bag".

#include <cellverdict/train/classifier.h>

#include <optional>

namespace cellverdict {

// As train_classifier; metrics of the history are over patients. Throws DataError for a unit with cells of several classes,
// UsageError for extra heads and a balance by tissue without [model.bag] tissue.
Classifier train_bag_classifier(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                                ModelCard card, const TrainRequest& request);

}  // namespace cellverdict
