#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/prepare/value_state.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace cellverdict {

namespace {

constexpr std::array<std::pair<ValueState, const char*>, 6> kNames = {{{ValueState::counts, "counts"},
                                                                       {ValueState::fractional_counts, "counts, not all whole"},
                                                                       {ValueState::normalised, "normalised"},
                                                                       {ValueState::log1p, "log1p"},
                                                                       {ValueState::square_roots, "square roots"},
                                                                       {ValueState::scaled, "scaled"}}};

// What may have been done to counts, with its inverse. Identity first: where several fit, least was done.
struct Undoing {
  ValueState state;
  double (*apply)(double);
};
constexpr std::array<Undoing, 5> kUndoings = {{{ValueState::normalised, [](double x) { return x; }},
                                               {ValueState::log1p, [](double x) { return std::expm1(x); }},
                                               {ValueState::log1p, [](double x) { return std::exp2(x) - 1; }},
                                               {ValueState::log1p, [](double x) { return std::pow(10, x) - 1; }},
                                               {ValueState::square_roots, [](double x) { return x * x; }}}};

// Values that are the multiple of their cell's smallest which the undoing makes of them, for small multiples: large ones are near a
// whole number by chance and by rounding.
struct Multiples {
  std::int64_t n_judged = 0, n_whole = 0;
  double share() const { return static_cast<double>(n_whole) / static_cast<double>(n_judged); }
};

Multiples count_multiples(const CsrBlock& cells, const Undoing& undoing) {
  constexpr double kMost = 8.5, kSame = 1e-3, kNear = 0.03;
  constexpr std::int64_t kEnough = 100'000;
  Multiples multiples;
  for (std::int64_t i = 0; i < cells.n_rows() && multiples.n_judged < kEnough; ++i) {
    const auto values = cells.row(i).values;
    if (values.empty()) continue;
    const double unit = undoing.apply(*std::min_element(values.begin(), values.end()));
    for (const float x : values) {
      const double multiple = undoing.apply(x) / unit;
      if (!(multiple > 1 + kSame && multiple < kMost)) continue;
      ++multiples.n_judged;
      multiples.n_whole += multiple > 1.5 && std::abs(multiple - std::round(multiple)) < kNear;
    }
  }
  return multiples;
}

// The undoing that makes whole multiples of nearly all values; some are not, in cells without a count of one.
std::optional<ValueState> state_by_multiples(const CsrBlock& cells) {
  constexpr std::int64_t kFewest = 30;
  std::optional<ValueState> best;
  double best_share = 0.8;
  for (const Undoing& undoing : kUndoings) {
    const Multiples multiples = count_multiples(cells, undoing);
    if (multiples.n_judged < kFewest || multiples.share() <= best_share) continue;
    best = undoing.state;
    best_share = multiples.share();
  }
  return best;
}

// Whether the cells, undone, sum to one total within 1 %. Beyond the range of a double nothing is known of the sums.
bool equal_totals(const CsrBlock& cells, const Undoing& undoing, std::int64_t fewest) {
  double least = HUGE_VAL, most = 0;
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
    double total = 0;
    for (const float x : cells.row(i).values) total += undoing.apply(x);
    if (total == 0) continue;
    ++n;
    least = std::min(least, total);
    most = std::max(most, total);
  }
  return n >= fewest && std::isfinite(most) && most <= least * 1.01;
}

// Counts all multiplied by one number differ in this from cells each divided by its own total.
bool one_unit(const CsrBlock& cells) {
  double least = HUGE_VAL, most = 0;
  for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
    const auto values = cells.row(i).values;
    if (values.empty()) continue;
    const double unit = *std::min_element(values.begin(), values.end());
    least = std::min(least, unit);
    most = std::max(most, unit);
  }
  return most <= least * 1.001 || cells.n_rows() < 2;
}

double share_of_whole(const std::vector<float>& values) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), [](float x) { return x == std::floor(x); })) /
         static_cast<double>(values.size());
}

// For values that never were counts: logarithms stay low and near each other.
bool sized_like_logarithms(std::vector<float> values) {
  const float most = *std::max_element(values.begin(), values.end());
  if (most <= 14) return true;  // ln(1 + 10⁶)
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return most <= 25 && most <= 8 * *middle;  // base 2; corrected counts with so low a maximum are mostly below three
}

std::string advice_for_counts(const std::vector<std::string>& at_hand) {
  if (at_hand.empty()) return "give the file with the counts";
  return "the file has " + listed(at_hand, 4) + ": name the one with the counts by [data] layer or --layer";
}

}  // namespace

std::string value_state_name(ValueState state) {
  return std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.first == state; })->second;
}

ValueState value_state_named(const std::string& name, const std::string& where) {
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& known) { return known.second == name; });
  if (found != kNames.end()) return found->first;
  std::vector<std::string> names;
  for (const auto& known : kNames) names.emplace_back(known.second);
  throw InputError(
      {.where = where, .found = "values of the kind '" + name + "'", .expected = "one of: " + listed(names), .advice = ""});
}

ValueJudgement judge_values(const CsrBlock& cells) {
  const auto& values = cells.values;
  if (std::any_of(values.begin(), values.end(), [](float x) { return x < 0; })) return {ValueState::scaled, true};
  if (values.empty()) return {ValueState::counts, false};
  const double whole = share_of_whole(values);
  if (whole == 1) return {ValueState::counts, false};
  const bool may_be_normalised = whole < 0.2;
  const auto by_multiples = state_by_multiples(cells);
  if (by_multiples && *by_multiples != ValueState::normalised) return {*by_multiples, true};
  const bool one_total = equal_totals(cells, kUndoings[0], 5);
  if (by_multiples && (one_total || (may_be_normalised && !one_unit(cells)))) return {ValueState::normalised, true};
  if (by_multiples || !may_be_normalised) return {ValueState::fractional_counts, false};
  for (const Undoing& undoing : kUndoings)
    if (undoing.state != ValueState::square_roots && equal_totals(cells, undoing, undoing.state == ValueState::normalised ? 5 : 2))
      return {undoing.state, true};
  return {sized_like_logarithms(values) ? ValueState::log1p : ValueState::fractional_counts, false};
}

ValueState detect_value_state(const CsrBlock& cells) {
  return judge_values(cells).state;
}

std::string check_value_state(ValueState state, const std::string& file, bool strict, const std::vector<std::string>& at_hand) {
  const auto refuse = [&](const std::string& found, const std::string& reason) {
    throw DataError({.where = file, .found = found, .expected = "raw counts", .advice = advice_for_counts(at_hand) + reason});
  };
  switch (state) {
    case ValueState::counts:
      return {};
    case ValueState::log1p:
      refuse("values that are log-transformed already", ", because a second log would distort every gene");
      break;
    case ValueState::square_roots:
      refuse("square roots of counts", "");
      break;
    case ValueState::scaled:
      refuse("negative values, as scaling leaves them", "");
      break;
    case ValueState::normalised:
    case ValueState::fractional_counts:
      break;
  }
  if (strict)
    throw DataError({.where = file,
                     .found = "values that are not whole numbers",
                     .expected = "whole counts, because [prepare] counts = \"strict\"",
                     .advice = "give raw counts or set counts = \"accept\""});
  if (state == ValueState::normalised)
    return file +
           ": the values are normalised already (each cell divided by its total, without a logarithm); they are taken as they are, "
           "and the depth of the cells is not known.";
  return file + ": the counts are not all whole numbers (corrected or estimated counts?); they are taken as they are.";
}

void check_same_state(ValueState learned_from, ValueState found, const std::string& file, const std::vector<std::string>& at_hand) {
  const auto kind = [](ValueState state) { return state == ValueState::fractional_counts ? ValueState::counts : state; };
  if (kind(learned_from) == kind(found)) return;
  throw DataError({.where = file,
                   .found = "values that are " + value_state_name(found),
                   .expected = value_state_name(learned_from) + ", as the model learned from",
                   .advice = kind(learned_from) == ValueState::counts ? advice_for_counts(at_hand)
                                                                      : "prepare the file as the training files were"});
}

std::string ValueWatch::see(const CsrBlock& cells) {
  if (state_ != ValueState::counts || cells.values.empty()) return {};
  const ValueJudgement judgement = judge_values(cells);
  state_ = judgement.state;
  if (counts_ == "trusted" && state_ != ValueState::counts && state_ != ValueState::scaled) {
    const std::string alike = state_ == ValueState::fractional_counts ? "" : " and look like " + value_state_name(state_);
    state_ = ValueState::fractional_counts;
    return file_ + ": the values are not all whole numbers" + alike +
           "; they are taken for counts, as [prepare] counts = \"trusted\" says.";
  }
  if (judged_ && state_ != ValueState::counts) {
    if (judgement.proven && state_ != ValueState::scaled)
      throw DataError({.where = fmt::format("{} cells {} to {}", file_, cells.first_row + 1, cells.first_row + cells.n_rows()),
                       .found = "values that are " + value_state_name(state_),
                       .expected = "counts, as in the cells before",
                       .advice = advice_for_counts(at_hand_) + ", or leave these cells out with [data] where"});
    state_ = ValueState::fractional_counts;
  }
  judged_ = true;
  if (counts_ == "any" && (state_ == ValueState::log1p || state_ == ValueState::square_roots))
    return file_ + ": the values are logarithms (or roots); they are taken as they are, because [prepare] counts = \"any\".";
  return check_value_state(state_, file_, counts_ == "strict", at_hand_);
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
