// must not compile: (invalid initialization of reference of type .*ValidationView.*from expression of type .*TrainView)|(no matching function.*calibrate_temperature)
// The temperature is fitted on validation cells alone.
#include <cellverdict/evaluate/decision.h>

using namespace cellverdict;

double calibrate(const ValidationView& validation, const TrainView& other) {
#ifndef CONTROL
  calibrate_temperature(other, {});
#endif
  static_cast<void>(other);
  return calibrate_temperature(validation, {});
}
