#pragma once
// torch.optim.lr_scheduler.ReduceLROnPlateau (mode min, relative threshold 1e-4) as a function of the losses so far: a resumed
// training needs nothing kept.

#include <limits>
#include <vector>

namespace cellverdict {

struct Plateau {
  int patience = 20;    // 0: the rate stays
  double factor = 0.1;  // of each fall
};

// The rate of the epoch after those whose validation losses are given.
inline double rate_after(const std::vector<double>& losses, double rate, const Plateau& plateau) {
  if (plateau.patience == 0) return rate;
  constexpr double kThreshold = 1e-4, kSmallestFall = 1e-8;
  double best = std::numeric_limits<double>::infinity();
  int bad = 0;
  for (const double loss : losses) {
    if (loss < best * (1 - kThreshold)) {
      best = loss;
      bad = 0;
    } else if (++bad > plateau.patience) {
      const double lower = rate * plateau.factor;
      if (rate - lower > kSmallestFall) rate = lower;
      bad = 0;
    }
  }
  return rate;
}

}  // namespace cellverdict
