#pragma once
// What the values of arrays and other bulk measurements are, and their logarithm. Different groups give the same array as logs of
// base 2 (RMA), on the linear scale of the scanner (MAS5), with negative values (MAS4) or as log ratios of two channels: taken for
// each other they ruin whatever is learned. Told from the values alone. Nothing is fitted here.

#include <cellverdict/table/csr.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

enum class ArrayScale {
  counts,           // whole, with zeros: sequencing
  log2_normalised,  // logs whose distribution is the same in all samples, as RMA and quantile normalisation leave it
  log2,             // logs, samples differ
  log_ratios,       // logs around zero: two channels, or centred
  mas5,             // linear, the trimmed means of the samples brought to one target
  linear,
  linear_negative,  // linear with negative values: perfect match minus mismatch (MAS4)
};
std::string array_scale_name(ArrayScale scale);
inline bool is_logarithm(ArrayScale scale) {
  return scale == ArrayScale::log2 || scale == ArrayScale::log2_normalised || scale == ArrayScale::log_ratios;
}

struct ArrayJudgement {
  ArrayScale scale = ArrayScale::linear;
  double least = 0, median = 0, most = 0;  // of all values
  std::string name() const;                // "log2, RMA-like (2.1 to 14.3, median 6.2)"
};

// From some samples, a row each; NaN is missing. Rules, in this order: whole numbers of which at least one in a thousand is zero
// are counts. Values up to 25 are logs of base 2 (an image has 16 bits: 2^16; sums of them a few more): around zero when a fifth
// are negative, normalised together when the 5 %, 25 %, 50 %, 75 % and 95 % quantiles of the samples lie within 0.1 of each other's
// median. Others are linear: with negative values when one in a thousand is; MAS5-like when the means of the samples without their
// lowest and highest 2 % (Affymetrix' target of scaling) lie within 2 % of their median.
// Throws DataError when there is no value.
ArrayJudgement judge_array_values(std::span<const std::span<const float>> samples);
// The same of sparse rows, in which what is not stored is zero.
ArrayJudgement judge_array_values(const CsrBlock& samples, std::int64_t n_probes);

struct Log2Result {
  std::int64_t n_floored = 0;  // values below the floor, taken for it
};
// In place: x ← log2(max(x, floor)), NaN stays. Throws UsageError for a floor that is not above zero.
Log2Result log2_with_floor(std::span<float> values, double floor);

}  // namespace cellverdict
