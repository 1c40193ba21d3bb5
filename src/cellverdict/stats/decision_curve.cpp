#include <cellverdict/base/error.h>
#include <cellverdict/stats/decision_curve.h>

#include <algorithm>
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

}  // namespace cellverdict
