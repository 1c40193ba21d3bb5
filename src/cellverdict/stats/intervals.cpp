// Placements are kept as whole numbers (twice the count of the other class won), so that "no variance" is told exactly and not by
// a tolerance.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/intervals.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/beta.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace cellverdict {

namespace {

void check_level(double level) {
  if (!(level > 0 && level < 1))
    throw InternalError({.where = "interval", .found = "a level of " + std::to_string(level), .expected = "0 to 1", .advice = ""});
}

void check_counts(std::int64_t successes, std::int64_t n) {
  if (n < 1 || successes < 0 || successes > n)
    throw InternalError({.where = "interval of a proportion",
                         .found = std::to_string(successes) + " of " + std::to_string(n),
                         .expected = "0 <= successes <= n, n > 0",
                         .advice = ""});
}

double normal_quantile(double p) {
  return boost::math::quantile(boost::math::normal(), p);
}

// Clopper and Pearson's bounds; `successes` need not be whole (the beta quantiles do not mind).
Interval exact_bounds(double successes, double n, double level) {
  const double tail = (1 - level) / 2, failures = n - successes;
  Interval out{.estimate = successes / n, .low = 0, .high = 1, .method = ""};
  if (successes > 0) out.low = boost::math::ibeta_inv(successes, failures + 1, tail);
  if (failures > 0) out.high = boost::math::ibeta_inv(successes + 1, failures, 1 - tail);
  return out;
}

// For each unit twice the number of units of the other class that it beats (a positive one) or that beat it (a negative one), a
// tie counting one. The units of a class stand in the order of the input.
struct Placements {
  std::vector<std::int64_t> of_positive, of_negative;

  std::int64_t n_positive() const { return static_cast<std::int64_t>(of_positive.size()); }
  std::int64_t n_negative() const { return static_cast<std::int64_t>(of_negative.size()); }
  double auc() const {
    const auto sum = std::accumulate(of_positive.begin(), of_positive.end(), std::int64_t{0});
    return static_cast<double>(sum) / (2 * static_cast<double>(n_positive()) * static_cast<double>(n_negative()));
  }
};

Placements placements(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  if (positive.size() != scores.size())
    throw InternalError({.where = "interval of the AUC",
                         .found = std::to_string(positive.size()) + " labels and " + std::to_string(scores.size()) + " scores",
                         .expected = "one score a label",
                         .advice = ""});
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); }))
    throw DataError({.where = "interval of the AUC",
                     .found = "a score that is not a number",
                     .expected = "numbers",
                     .advice = "the model has diverged or its input holds missing values"});
  std::vector<std::size_t> order(scores.size()), slot(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });

  Placements out;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    auto& own = positive[i] != 0 ? out.of_positive : out.of_negative;
    slot[i] = own.size();
    own.push_back(0);
  }
  std::int64_t positives_below = 0, negatives_below = 0;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    std::int64_t positives_here = 0, negatives_here = 0;
    for (end = begin; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end)
      ++(positive[order[end]] != 0 ? positives_here : negatives_here);
    for (std::size_t i = begin; i < end; ++i) {
      if (positive[order[i]] != 0)
        out.of_positive[slot[order[i]]] = 2 * negatives_below + negatives_here;
      else
        out.of_negative[slot[order[i]]] = 2 * (out.n_positive() - positives_below - positives_here) + positives_here;
    }
    positives_below += positives_here;
    negatives_below += negatives_here;
  }
  return out;
}

// S / n of DeLong's formula for one class: the sample variance of value / (2 · n_other), over the number of values. The
// deviations n·value − Σ value are whole, so equal values give exactly 0.
double variance_of_mean(std::span<const std::int64_t> twice, std::int64_t n_other) {
  const auto n = static_cast<std::int64_t>(twice.size());
  const std::int64_t sum = std::accumulate(twice.begin(), twice.end(), std::int64_t{0});
  double squares = 0;
  for (const std::int64_t value : twice) {
    const double deviation = static_cast<double>(n * value - sum);
    squares += deviation * deviation;
  }
  const double scale = 2 * static_cast<double>(n_other) * static_cast<double>(n);
  return squares / (scale * scale) / static_cast<double>(n - 1) / static_cast<double>(n);
}

double delong_variance(const Placements& p) {
  return variance_of_mean(p.of_positive, p.n_negative()) + variance_of_mean(p.of_negative, p.n_positive());
}

Interval pair_bounds(const Placements& p, double level) {
  const auto pairs = static_cast<double>(std::min(p.n_positive(), p.n_negative()));
  Interval out = exact_bounds(p.auc() * pairs, pairs, level);
  out.estimate = p.auc();
  out.method = "exact bound over disjoint pairs";
  return out;
}

// Empty when there are units enough.
std::string too_few(const Placements& p) {
  if (p.n_positive() >= kLeastUnitsForAuc && p.n_negative() >= kLeastUnitsForAuc) return "";
  return std::to_string(p.n_positive()) + " positive and " + std::to_string(p.n_negative()) +
         " negative units; an interval needs " + std::to_string(kLeastUnitsForAuc) + " of each";
}

MaybeInterval delong_interval(const Placements& p, double level) {
  if (std::string reason = too_few(p); !reason.empty()) return {.interval = std::nullopt, .why_not = reason};
  const double variance = delong_variance(p), auc = p.auc();
  if (variance == 0) return {.interval = pair_bounds(p, level), .why_not = ""};
  const double logit = std::log(auc / (1 - auc));
  const double half = normal_quantile((1 + level) / 2) * std::sqrt(variance) / (auc * (1 - auc));
  const auto back = [](double x) { return 1 / (1 + std::exp(-x)); };
  return {.interval = Interval{.estimate = auc, .low = back(logit - half), .high = back(logit + half), .method = "DeLong, logit"},
          .why_not = ""};
}

}  // namespace

Interval wilson_interval(std::int64_t successes, std::int64_t n, double level) {
  check_level(level);
  check_counts(successes, n);
  const double z = normal_quantile((1 + level) / 2), total = static_cast<double>(n);
  const double share = static_cast<double>(successes) / total, shrink = 1 + z * z / total;
  const double centre = (share + z * z / (2 * total)) / shrink;
  const double half = z / shrink * std::sqrt(share * (1 - share) / total + z * z / (4 * total * total));
  // At the ends the bound is 0 or 1 in the algebra and a rounding error off it in doubles.
  return {.estimate = share,
          .low = successes == 0 ? 0 : std::max(0.0, centre - half),
          .high = successes == n ? 1 : std::min(1.0, centre + half),
          .method = "Wilson"};
}

Interval exact_interval(std::int64_t successes, std::int64_t n, double level) {
  check_level(level);
  check_counts(successes, n);
  Interval out = exact_bounds(static_cast<double>(successes), static_cast<double>(n), level);
  out.method = "Clopper–Pearson";
  return out;
}

MaybeInterval proportion_interval(std::int64_t successes, std::int64_t n, double level) {
  check_level(level);
  if (n == 0) return {.interval = std::nullopt, .why_not = "no units"};
  return {.interval = n < kLeastUnitsForWilson ? exact_interval(successes, n, level) : wilson_interval(successes, n, level),
          .why_not = ""};
}

std::optional<double> auc_variance(std::span<const std::uint8_t> positive, std::span<const double> scores) {
  const Placements p = placements(positive, scores);
  if (p.n_positive() < 2 || p.n_negative() < 2) return std::nullopt;
  return delong_variance(p);
}

Interval newcombe_auc_interval(double auc, const UnitsOfClass& units, double level) {
  check_level(level);
  if (units.n_positive < 1 || units.n_negative < 1 || !(auc >= 0 && auc <= 1))
    throw InternalError({.where = "interval of the AUC",
                         .found = "an AUC of " + std::to_string(auc) + " over " + std::to_string(units.n_positive) + " and " +
                                  std::to_string(units.n_negative) + " units",
                         .expected = "0 to 1, and a unit of each class",
                         .advice = ""});
  const double m = static_cast<double>(units.n_positive), n = static_cast<double>(units.n_negative), middle = (m + n) / 2 - 1;
  const double z = normal_quantile((1 + level) / 2);
  const auto outside = [&](double t) {
    const double variance = t * (1 - t) * (1 + middle * (1 - t) / (2 - t) + middle * t / (1 + t)) / (m * n);
    return (auc - t) * (auc - t) > z * z * variance;
  };
  // The AUC itself is inside; halve towards the edge until two doubles are neighbours.
  const auto edge = [&](double far) {
    double inside = auc;
    if (!outside(far)) return far;
    for (double between = std::midpoint(inside, far); between != inside && between != far; between = std::midpoint(inside, far))
      (outside(between) ? far : inside) = between;
    return inside;
  };
  return {.estimate = auc, .low = auc == 0 ? 0 : edge(0), .high = auc == 1 ? 1 : edge(1), .method = "Newcombe"};
}

MaybeInterval delong_auc_interval(std::span<const std::uint8_t> positive, std::span<const double> scores, double level) {
  check_level(level);
  return delong_interval(placements(positive, scores), level);
}

MaybeInterval auc_interval(std::span<const std::uint8_t> positive, std::span<const double> scores, double level) {
  check_level(level);
  const Placements p = placements(positive, scores);
  const UnitsOfClass units{.n_positive = p.n_positive(), .n_negative = p.n_negative()};
  if (std::min(units.n_positive, units.n_negative) >= kLeastUnitsForDeLong || !too_few(p).empty() || delong_variance(p) == 0)
    return delong_interval(p, level);
  return {.interval = newcombe_auc_interval(p.auc(), units, level), .why_not = ""};
}

AucDifference auc_difference(std::span<const std::uint8_t> positive, const PairedScores& scores, double level) {
  check_level(level);
  const Placements a = placements(positive, scores.a), b = placements(positive, scores.b);
  if (std::string reason = too_few(a); !reason.empty())
    return {.difference = {.interval = std::nullopt, .why_not = reason}, .p_value = {}};

  // The difference of two AUCs is the mean of differences of placements: its variance needs no covariance matrix.
  Placements both = a;
  std::transform(a.of_positive.begin(), a.of_positive.end(), b.of_positive.begin(), both.of_positive.begin(), std::minus<>());
  std::transform(a.of_negative.begin(), a.of_negative.end(), b.of_negative.begin(), both.of_negative.begin(), std::minus<>());
  const double difference = both.auc(), error = std::sqrt(delong_variance(both));
  std::optional<double> p_value;
  if (error > 0)
    p_value = 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), std::abs(difference) / error));
  else if (difference == 0)
    p_value = 1;
  // A model that says the same of everybody guesses: its AUC is 0.5 in any sample, and all doubt is about the other one's.
  const auto guesses = [](std::span<const double> of_units) {
    return std::all_of(of_units.begin(), of_units.end(), [&](double score) { return score == of_units[0]; });
  };
  if (guesses(scores.b) && !guesses(scores.a)) {
    Interval of_a = *auc_interval(positive, scores.a, level).interval;
    return {.difference = {.interval = Interval{.estimate = difference,
                                                .low = of_a.low - 0.5,
                                                .high = of_a.high - 0.5,
                                                .method = of_a.method + ", less 0.5"},
                           .why_not = ""},
            .p_value = p_value};
  }
  if (guesses(scores.a) && !guesses(scores.b)) {
    AucDifference turned = auc_difference(positive, {.a = scores.b, .b = scores.a}, level);
    Interval& interval = *turned.difference.interval;
    interval.estimate = -interval.estimate;
    interval.low = -std::exchange(interval.high, -interval.low);
    return turned;
  }
  if (error == 0) {
    const Interval of_a = pair_bounds(a, (1 + level) / 2), of_b = pair_bounds(b, (1 + level) / 2);
    return {.difference = {.interval = Interval{.estimate = difference,
                                                .low = of_a.low - of_b.high,
                                                .high = of_a.high - of_b.low,
                                                .method = "exact bounds over disjoint pairs (Bonferroni)"},
                           .why_not = ""},
            .p_value = p_value};
  }
  const double half = normal_quantile((1 + level) / 2) * error;
  return {.difference = {.interval = Interval{.estimate = difference,
                                              .low = std::max(-1.0, difference - half),
                                              .high = std::min(1.0, difference + half),
                                              .method = "DeLong, paired"},
                         .why_not = ""},
          .p_value = p_value};
}

}  // namespace cellverdict
