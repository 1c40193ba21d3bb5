// must not compile: (is protected within this context)|(is a protected member)
// A view hands out its own cells; the cohort behind it stays out of reach.
#include <cellverdict/split/split.h>

using namespace cellverdict;

std::int64_t all_cells(const TrainView& train) {
#ifndef CONTROL
  return train.cohort_->table->n_cells();
#endif
  return train.n_cells();
}
