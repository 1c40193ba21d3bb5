// must not compile: (could not convert .*TestView)|(invalid initialization of reference of type .*optional<cellverdict::ValidationView>.*TestView)|(no matching function.*train_classifier)
// The epoch is chosen on validation cells, never on the test's.
#include <cellverdict/train/classifier.h>

using namespace cellverdict;

void fit(const RunContext& context, const TrainView& train, const ValidationView& validation, const TestView& test,
         const Preparation& preparation, const TrainRequest& request) {
  train_classifier(context, train, validation, preparation, {}, request);
#ifndef CONTROL
  train_classifier(context, train, test, preparation, {}, request);
#endif
  static_cast<void>(test);
}
