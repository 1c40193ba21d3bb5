// must not compile: (is protected within this context)|(is private within this context)|(calling a (protected|private) constructor)
// Only a Split makes a TestView.
#include <cellverdict/split/split.h>

using namespace cellverdict;

void make(const std::shared_ptr<const Cohort>& cohort) {
#ifndef CONTROL
  TestView view(cohort, std::vector<std::int64_t>{0});
#endif
  static_cast<void>(cohort);
}
