#include <cellverdict/base/error.h>
#include <cellverdict/stats/decision_curve.h>

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

namespace {

[[noreturn]] void bug(const std::string& where, const std::string& found, const std::string& expected) {
  throw InternalError({.where = where, .found = found, .expected = expected, .advice = ""});
}

void check(const DecisionCurveInput& in) {
  if (in.positive.size() != in.probability.size())
    bug("decision curve",
        std::to_string(in.positive.size()) + " labels and " + std::to_string(in.probability.size()) + " probabilities",
        "one probability a label");
  for (const double t : in.thresholds)
    if (!(t > 0 && t < 1)) bug("decision curve", "a threshold of " + std::to_string(t), "0 to 1, both excluded");
  if (in.prevalence && !(*in.prevalence > 0 && *in.prevalence < 1))
    bug("decision curve", "a prevalence of " + std::to_string(*in.prevalence), "0 to 1, both excluded");
  if (in.positive.empty())
    throw DataError({.where = "decision curve", .found = "no units", .expected = "at least one", .advice = ""});
  for (const double p : in.probability)
    if (!(p >= 0 && p <= 1 + 1e-6))
      throw DataError({.where = "decision curve",
                       .found = "a probability of " + std::to_string(p),
                       .expected = "0 to 1",
                       .advice = "the model has diverged or its input holds missing values"});
}

// hits of n, and the same with z²/2 added to hits and to the rest.
struct Rate {
  double rate, adjusted, n_adjusted;
};
Rate rate_of(std::int64_t hits, std::int64_t n, double z) {
  const double h = static_cast<double>(hits), total = static_cast<double>(n);
  return {.rate = h / total, .adjusted = (h + z * z / 2) / (total + z * z), .n_adjusted = total + z * z};
}

// P(state | call) from P(call | state) = `right`, P(no such call | other state) = `other`, P(state) = `share`. The delta method
// gives Var logit = (1 − right)/right / n + other/(1 − other) / n_other, on adjusted rates.
MaybeInterval predictive_value(const Rate& right, const Rate& other, double share, double z) {
  const double called = right.rate * share + (1 - other.rate) * (1 - share);
  if (called == 0) return {.interval = std::nullopt, .why_not = "nobody was called so"};
  const double centre = std::log(right.adjusted * share / ((1 - other.adjusted) * (1 - share)));
  const double half = z * std::sqrt((1 - right.adjusted) / right.adjusted / right.n_adjusted +
                                    other.adjusted / (1 - other.adjusted) / other.n_adjusted);
  const auto back = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double estimate = right.rate * share / called;
  // At a rate of 0 or 1 the estimate lies at the end of the scale and the adjusted interval short of it.
  return {.interval = Interval{.estimate = estimate,
                               .low = std::min(estimate, back(centre - half)),
                               .high = std::max(estimate, back(centre + half)),
                               .method = "Mercaldo, logit, adjusted"},
          .why_not = ""};
}

}  // namespace

std::vector<NetBenefit> decision_curve(const DecisionCurveInput& input) {
  check(input);
  const double n = static_cast<double>(input.positive.size());
  const auto n_positive =
      static_cast<double>(std::count_if(input.positive.begin(), input.positive.end(), [](std::uint8_t p) { return p != 0; }));
  if (input.prevalence && (n_positive == 0 || n_positive == n))
    throw DataError({.where = "decision curve",
                     .found = "units of one class only",
                     .expected = "some of both to move to another prevalence",
                     .advice = ""});
  const double share = input.prevalence.value_or(n_positive / n);
  std::vector<NetBenefit> curve;
  for (const double threshold : input.thresholds) {
    double hits = 0, false_alarms = 0;
    for (std::size_t i = 0; i < input.positive.size(); ++i)
      if (input.probability[i] >= threshold) (input.positive[i] != 0 ? hits : false_alarms) += 1;
    const double sensitivity = n_positive > 0 ? hits / n_positive : 0;
    const double false_alarm_rate = n_positive < n ? false_alarms / (n - n_positive) : 0;
    const double odds = threshold / (1 - threshold);
    curve.push_back({.threshold = threshold,
                     .model = sensitivity * share - false_alarm_rate * (1 - share) * odds,
                     .treat_all = share - (1 - share) * odds});
  }
  return curve;
}

PredictiveValues predictive_values(const CallCounts& counts, double prevalence, double level) {
  if (!(prevalence > 0 && prevalence < 1) || !(level > 0 && level < 1))
    bug("predictive values", "a prevalence of " + std::to_string(prevalence) + " at level " + std::to_string(level),
        "0 to 1, both excluded");
  if (counts.hits < 0 || counts.hits > counts.n_positive || counts.rejections < 0 || counts.rejections > counts.n_negative)
    bug("predictive values",
        std::to_string(counts.hits) + " of " + std::to_string(counts.n_positive) + " and " + std::to_string(counts.rejections) +
            " of " + std::to_string(counts.n_negative),
        "no more calls than units");
  PredictiveValues out{.prevalence = prevalence, .positive = {}, .negative = {}};
  if (std::min(counts.n_positive, counts.n_negative) < kLeastUnitsForAuc) {
    out.positive.why_not = std::to_string(counts.n_positive) + " positive and " + std::to_string(counts.n_negative) +
                           " negative units; predictive values need " + std::to_string(kLeastUnitsForAuc) + " of each";
    out.negative.why_not = out.positive.why_not;
    return out;
  }
  const double z = boost::math::quantile(boost::math::normal(), (1 + level) / 2);
  const Rate sensitivity = rate_of(counts.hits, counts.n_positive, z);
  const Rate specificity = rate_of(counts.rejections, counts.n_negative, z);
  out.positive = predictive_value(sensitivity, specificity, prevalence, z);
  out.negative = predictive_value(specificity, sensitivity, 1 - prevalence, z);
  return out;
}

}  // namespace cellverdict
