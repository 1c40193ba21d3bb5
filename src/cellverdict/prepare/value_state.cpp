#include <cellverdict/base/error.h>
#include <cellverdict/prepare/value_state.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

std::string value_state_name(ValueState state) {
  switch (state) {
    case ValueState::counts:
      return "counts";
    case ValueState::fractional_counts:
      return "counts, not all whole";
    case ValueState::log1p:
      return "log1p";
    case ValueState::scaled:
      return "scaled";
  }
  return {};
}

ValueState detect_value_state(const CsrBlock& cells) {
  if (std::any_of(cells.values.begin(), cells.values.end(), [](float x) { return x < 0; })) return ValueState::scaled;
  if (std::all_of(cells.values.begin(), cells.values.end(), [](float x) { return x == std::floor(x); })) return ValueState::counts;
  if (*std::max_element(cells.values.begin(), cells.values.end()) <= 14) return ValueState::log1p;
  double least = HUGE_VAL, most = 0;
  for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
    double total = 0;
    for (const float x : cells.row(i).values) total += std::expm1(static_cast<double>(x));
    if (total == 0) continue;
    least = std::min(least, total);
    most = std::max(most, total);
  }
  // Beyond the range of expm1 nothing is known of the sums, but values so large are no logarithms.
  return std::isfinite(most) && most <= least * 1.01 && cells.n_rows() > 1 ? ValueState::log1p : ValueState::fractional_counts;
}

std::string check_value_state(ValueState state, const std::string& file, bool strict) {
  switch (state) {
    case ValueState::counts:
      return {};
    case ValueState::log1p:
      throw DataError({.where = file,
                       .found = "values that are log-transformed already",
                       .expected = "raw counts",
                       .advice = "give the file with the counts: a second log would distort every gene"});
    case ValueState::scaled:
      throw DataError({.where = file,
                       .found = "negative values, as scaling leaves them",
                       .expected = "raw counts",
                       .advice = "give the file with the counts"});
    case ValueState::fractional_counts:
      break;
  }
  if (strict)
    throw DataError({.where = file,
                     .found = "values that are not whole numbers",
                     .expected = "whole counts, because [prepare] counts = \"strict\"",
                     .advice = "give raw counts or set counts = \"accept\""});
  return file + ": the counts are not all whole numbers (corrected or estimated counts?); they are taken as they are.";
}

}  // namespace cellverdict
