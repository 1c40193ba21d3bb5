#pragma once
// Where the true ROC curve may lie, when each class is a sample of so many independent units: the whole curve at once, whatever the
// scores' distributions (Campbell 1994; Massart 1990 for the bound).

#include <cellverdict/stats/ranking.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct RocBandPoint {
  double false_positive_rate = 0, low = 0, high = 0;
};
struct RocBand {
  double up = 0, aside = 0;          // how far the true and the false positive rate may be off
  std::vector<RocBandPoint> points;  // by rising false positive rate, from 0 to 1
};
struct RocUnits {
  std::int64_t n_positive = 0, n_negative = 0;
};
// The curve moved by what both rates may be off at once (each holds at √level): √(ln(2 / (1 − √level)) / 2n). Wide, and exact for
// any number of units. The curve begins at (0, 0) and ends at (1, 1), as roc_curve's. InternalError for an empty curve, no units or
// a level out of range.
RocBand roc_band(std::span<const RocPoint> curve, const RocUnits& units, double level = 0.95);

}  // namespace cellverdict
