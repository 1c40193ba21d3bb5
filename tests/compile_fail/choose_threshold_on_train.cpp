// must not compile: (invalid initialization of reference of type .*ValidationView.*from expression of type .*TrainView)|(no matching function.*choose_threshold)
// The threshold is chosen on validation cells alone.
#include <cellverdict/evaluate/decision.h>

using namespace cellverdict;

double choose(const ValidationView& validation, const TrainView& other) {
#ifndef CONTROL
  choose_threshold(other, {});
#endif
  static_cast<void>(other);
  return choose_threshold(validation, {});
}
