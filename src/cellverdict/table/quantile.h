#pragma once
// Quantiles by linear interpolation between the sorted values, in the arithmetic of numpy.percentile: bin edges made from them meet
// data values exactly, so the last bit counts.

#include <span>
#include <vector>

namespace cellverdict {

// `share` from 0 to 1; `sorted` ascending and not empty.
double quantile_of_sorted(std::span<const double> sorted, double share);

// Sorts. Not-a-number for no values.
double median_of(std::vector<double>& values);

}  // namespace cellverdict
