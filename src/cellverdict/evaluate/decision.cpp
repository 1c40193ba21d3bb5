#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/decision.h>
#include <cellverdict/evaluate/unit_means.h>
#include <cellverdict/stats/calibration.h>

#include <algorithm>
#include <set>

namespace cellverdict {

void refuse_threshold_choice(const std::vector<std::string>& classes) {
  if (classes.size() != 2)
    throw UsageError({.where = "[evaluate] threshold",
                      .found = "'validation' for " + std::to_string(classes.size()) + " classes",
                      .expected = "two classes",
                      .advice = "leave the threshold at 0.5: of more classes the most probable one is called"});
}

namespace {

std::string why_not_settled(const std::optional<ValidationView>& validation, const std::vector<std::string>& classes) {
  if (!validation) return "fixed, because there is no validation side";
  std::vector<std::set<std::int32_t>> units(classes.size());
  for (std::int64_t i = 0; i < validation->n_cells(); ++i) units[validation->label(i)].insert(validation->unit_number(i));
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (std::ssize(units[c]) < kLeastUnitsToSettle)
      return "fixed, because validation has " + counted(std::ssize(units[c]), "unit") + " of " + classes[c] + ", fewer than " +
             std::to_string(kLeastUnitsToSettle);
  return {};
}

}  // namespace

Decision settle_decision(const DecisionWish& wish, const std::optional<ValidationView>& validation,
                         const std::vector<std::string>& classes, const std::function<std::vector<double>()>& predict) {
  if (wish.threshold) refuse_threshold_choice(classes);
  Decision decision;
  if (!wish.threshold && !wish.temperature) return decision;
  if (const std::string why = why_not_settled(validation, classes); !why.empty()) {
    if (wish.threshold) decision.threshold_source = why;
    if (wish.temperature) decision.temperature_source = why;
    return decision;
  }
  std::vector<double> probability = predict();
  if (wish.temperature) {
    decision.temperature = calibrate_temperature(*validation, probability);
    decision.temperature_source = "fitted on validation cells, every unit weighing the same";
    if (decision.temperature <= kLeastTemperature * 1.01)
      decision.temperature_source += "; at the least that is tried: the model ranks these cells perfectly";
    if (decision.temperature >= kGreatestTemperature / 1.01)
      decision.temperature_source += "; at the greatest that is tried: the model tells nothing about these cells";
    if (decision.temperature != 1)
      probability = apply_temperature(probability, static_cast<std::int64_t>(classes.size()), decision.temperature);
  }
  if (wish.threshold) {
    decision.threshold = choose_threshold(*validation, probability);
    decision.threshold_source = "chosen on validation units";
  }
  return decision;
}

double choose_threshold(const ValidationView& validation, const std::vector<double>& probability) {
  refuse_threshold_choice(validation.classes());
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
  std::vector<std::int64_t> unit(static_cast<std::size_t>(validation.n_cells()));
  std::vector<std::int32_t> truth;
  for (const auto& mean : unit_means(validation, probability)) {
    for (const std::int64_t i : mean.cells) unit[i] = std::ssize(truth);
    truth.push_back(mean.label);
  }
  return fit_unit_temperature(
      {.probability = probability, .n_classes = std::ssize(validation.classes()), .unit = unit, .truth = truth});
}

}  // namespace cellverdict
