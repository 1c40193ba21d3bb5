// must not compile: (invalid initialization of reference of type .*TrainView.*from expression of type .*TestView)|(no matching function.*fit_preparation)
// Preparation is learned from training cells alone.
#include <cellverdict/prepare/preparation.h>

using namespace cellverdict;

void fit(const RunContext& context, const TrainView& train, const TestView& other) {
  fit_preparation(context, train, {});
#ifndef CONTROL
  fit_preparation(context, other, {});
#endif
}
