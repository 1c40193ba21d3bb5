#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/decision.h>
#include <cellverdict/evaluate/unit_means.h>
#include <cellverdict/stats/calibration.h>

#include <algorithm>

namespace cellverdict {

double choose_threshold(const ValidationView& validation, const std::vector<double>& probability) {
  if (validation.classes().size() != 2)
    throw UsageError({.where = "[evaluate] threshold",
                      .found = "'validation' for " + std::to_string(validation.classes().size()) + " classes",
                      .expected = "two classes",
                      .advice = "leave the threshold at 0.5: of more classes the most probable one is called"});
  const auto positive_class = std::find(validation.classes().begin(), validation.classes().end(), validation.roles().positive) -
                              validation.classes().begin();
  std::vector<std::uint8_t> positive;
  std::vector<double> scores;
  for (const auto& unit : unit_means(validation, probability)) {
    positive.push_back(unit.label == positive_class);
    scores.push_back(unit.probability[positive_class]);
  }
  return choose_best_threshold(positive, scores);
}

double calibrate_temperature(const ValidationView& validation, const std::vector<double>& probability) {
  std::vector<std::int32_t> truth;
  for (std::int64_t i = 0; i < validation.n_cells(); ++i) truth.push_back(validation.label(i));
  return fit_temperature(probability, truth, static_cast<std::int64_t>(validation.classes().size()));
}

}  // namespace cellverdict
