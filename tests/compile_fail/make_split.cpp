// must not compile: (Split::Split\(\).* is private within this context)|(calling a private constructor)
// A Split is made by the schemes alone: there is no empty one to fill.
#include <cellverdict/split/split.h>

using namespace cellverdict;

void make(const RunContext& context, const std::shared_ptr<const Cohort>& cohort) {
#ifndef CONTROL
  Split split;
#endif
  Split::make(context, cohort, {});
}
