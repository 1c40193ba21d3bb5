// must not compile: (invalid initialization of reference of type .*TrainView.*from expression of type .*TestView)|(no matching function.*train_classifier)
// Weights are learned from training cells alone.
#include <cellverdict/train/classifier.h>

using namespace cellverdict;

void fit(const RunContext& context, const TrainView& train, const TestView& other, const Preparation& preparation,
         const TrainRequest& request) {
  train_classifier(context, train, std::nullopt, preparation, {}, request);
#ifndef CONTROL
  train_classifier(context, other, std::nullopt, preparation, {}, request);
#endif
}
