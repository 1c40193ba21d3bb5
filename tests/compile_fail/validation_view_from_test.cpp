// must not compile: no matching function for call to .*ValidationView::ValidationView.*TestView
// The views of a split do not turn into one another.
#include <cellverdict/split/split.h>

using namespace cellverdict;

void turn(const TestView& test) {
#ifndef CONTROL
  ValidationView stolen(test);
#endif
  static_cast<void>(test);
}
