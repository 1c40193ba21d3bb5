// must not compile: (invalid initialization of reference of type .*TestView.*from expression of type .*ValidationView)|(no matching function.*evaluate)
// Only the test side is evaluated.
#include <cellverdict/evaluate/protocol.h>

using namespace cellverdict;

Evaluation judge(const TestView& test, const ValidationView& other, const EvaluateInput& input) {
#ifndef CONTROL
  evaluate(other, input, {});
#endif
  static_cast<void>(other);
  return evaluate(test, input, {});
}
