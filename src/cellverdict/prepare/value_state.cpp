#include <cellverdict/base/error.h>
#include <cellverdict/prepare/value_state.h>

#include <fmt/format.h>

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

std::string ValueWatch::see(const CsrBlock& cells) {
  if (state_ != ValueState::counts || cells.values.empty()) return {};
  state_ = detect_value_state(cells);
  if (judged_ && state_ != ValueState::counts) state_ = ValueState::fractional_counts;
  judged_ = true;
  return check_value_state(state_, file_, strict_);
}

void refuse_negative(const CsrRow& counts, const std::string& file, std::string_view cell, const GeneList& genes) {
  for (std::size_t k = 0; k < counts.values.size(); ++k)
    if (counts.values[k] < 0)
      throw DataError({.where = fmt::format("{} cell '{}' gene '{}'", file, cell, genes.symbols[counts.genes[k]]),
                       .found = fmt::format("{}", counts.values[k]),
                       .expected = "a count of zero or more",
                       .advice = "give the file with the raw counts"});
}

}  // namespace cellverdict
