#pragma once
// Quantiles by linear interpolation between the sorted values, in the arithmetic of numpy.percentile: bin edges made from them meet
// data values exactly, so the last bit counts.

#include <span>
#include <vector>

namespace cellverdict {

// `share` from 0 to 1; `sorted` ascending and not empty.
double quantile_of_sorted(std::span<const double> sorted, double share);

// Sorts. Not-a-number for no values.
double median_of(std::span<double> values);

struct MedianAndMad {
  double median, mad;
};
// The median, and the median of the deviations from it, each divided by `unit` (0.6745 makes it the sd of a normal distribution).
MedianAndMad median_and_mad(std::vector<double> values, double unit = 1);
MedianAndMad take_median_and_mad(std::span<double> values, double unit = 1);  // leaves other numbers in their place

}  // namespace cellverdict
