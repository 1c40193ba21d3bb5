#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/evaluation.h>

#include <set>

namespace cellverdict {

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
