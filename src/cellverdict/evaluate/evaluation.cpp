#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/evaluation.h>

#include <algorithm>
#include <cmath>

#include <set>

namespace cellverdict {

SampledSpread sampled_spread(const std::vector<double>& values) {
  SampledSpread out{.lowest = values.front(), .highest = values.front()};
  for (const double x : values) {
    out.mean += x / static_cast<double>(values.size());
    out.lowest = std::min(out.lowest, x);
    out.highest = std::max(out.highest, x);
  }
  double squares = 0;
  for (const double x : values) squares += (x - out.mean) * (x - out.mean);
  if (values.size() > 1) out.sd = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return out;
}

std::int64_t n_test_units(const Evaluation& evaluation) {
  std::set<std::string> names;
  for (const auto& unit : evaluation.units) names.insert(unit.unit);
  return static_cast<std::int64_t>(names.size());
}

std::string units_in_words(const Evaluation& evaluation, const std::string& unit_noun) {
  const std::int64_t n = n_test_units(evaluation);
  return counted(n, unit_noun) + (n == std::ssize(evaluation.units) ? "" : ", each class of one on its own");
}

}  // namespace cellverdict
