// Temperature against scipy's optimum and the temperature that made the data; threshold against trying every one.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/calibration.h>
#include <cellverdict/stats/metrics.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

const std::vector<std::int64_t> kOneEach = {0, 1, 2, 3};  // units of a cell each

double loss_of(const std::vector<double>& probability, const std::vector<std::int32_t>& truth, std::int64_t n_classes) {
  return classify({.truth = truth, .probability = probability, .n_classes = n_classes}).loss;
}

double balanced_accuracy_at(const std::vector<std::uint8_t>& positive, const std::vector<double>& scores, double threshold) {
  double hits = 0, rejections = 0, n_positive = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    n_positive += positive[i];
    hits += positive[i] && scores[i] >= threshold;
    rejections += !positive[i] && scores[i] < threshold;
  }
  return 0.5 * (hits / n_positive + rejections / (static_cast<double>(scores.size()) - n_positive));
}

const nlohmann::json* calibration_truth() {
  static const auto truth = truth_of("make_calibration_truth.py");
  return truth ? &*truth : nullptr;
}

}  // namespace

TEST_CASE("the temperature of units is scipy's optimum of the loss over units") {
  const auto* cases = calibration_truth();
  if (cases == nullptr) return;
  REQUIRE((*cases)["temperature"].size() == 18);
  for (const auto& c : (*cases)["temperature"]) {
    const auto truth = c["truth"].get<std::vector<std::int32_t>>();
    const auto unit = c["unit"].get<std::vector<std::int64_t>>();
    const auto probability = c["probability"].get<std::vector<double>>();
    const auto n_classes = c["n_classes"].get<std::int64_t>();
    CAPTURE(n_classes);
    CAPTURE(truth.size());
    const double temperature =
        fit_unit_temperature({.probability = probability, .n_classes = n_classes, .unit = unit, .truth = truth});
    CHECK(temperature == doctest::Approx(c["best_temperature"].get<double>()).epsilon(1e-5));
    const auto applied = apply_temperature(probability, n_classes, 2.5);
    const auto expected = c["applied"].get<std::vector<double>>();
    double worst = 0;
    for (std::size_t i = 0; i < applied.size(); ++i) worst = std::max(worst, std::abs(applied[i] - expected[i]));
    CHECK_MESSAGE(worst < 1e-12, "scipy.special.softmax");
  }
}

TEST_CASE("every unit weighs the same, however many cells it has") {
  // Six units a class, each cell 0.9 sure of the truth but in one unit of each, which is wrong.
  const auto fitted = [](std::int64_t n_cells_of_wrong) {
    std::vector<double> probability;
    std::vector<std::int64_t> unit;
    std::vector<std::int32_t> truth;
    for (std::int64_t u = 0; u < 12; ++u) {
      truth.push_back(static_cast<std::int32_t>(u % 2));
      const bool is_wrong = u < 2;
      for (std::int64_t i = 0; i < (is_wrong ? n_cells_of_wrong : 5); ++i) {
        unit.push_back(u);
        const double p = (u % 2 == 1) != is_wrong ? 0.9 : 0.1;
        probability.insert(probability.end(), {1 - p, p});
      }
    }
    return fit_unit_temperature({.probability = probability, .unit = unit, .truth = truth});
  };
  CHECK(fitted(5) == doctest::Approx(fitted(500)).epsilon(1e-6));
  CHECK(fitted(5) > 1);
}

TEST_CASE("probabilities that are too sure by a power have a temperature greater by it") {
  const std::vector<double> logits = {1.2, 0.3, -0.4, 2.0, 0.1, -1.5, 0.6, -0.2};
  const std::vector<std::int64_t> unit = {0, 0, 1, 1, 2, 2, 3, 3};
  const std::vector<std::int32_t> truth = {1, 0, 0, 1};
  const auto fitted = [&](double power) {
    std::vector<double> probability;
    for (const double x : logits) {
      const double p = 1 / (1 + std::exp(-power * x));
      probability.insert(probability.end(), {1 - p, p});
    }
    return fit_unit_temperature({.probability = probability, .unit = unit, .truth = truth});
  };
  CHECK(fitted(3) == doctest::Approx(3 * fitted(1)).epsilon(1e-5));
}

TEST_CASE("scaling keeps the order of the classes and rows that sum to 1, and a temperature of 1 changes nothing") {
  const std::vector<double> probability = {0.7, 0.2, 0.1, 0.1, 0.1, 0.8};
  const auto same = apply_temperature(probability, 3, 1);
  for (std::size_t i = 0; i < same.size(); ++i) CHECK(same[i] == doctest::Approx(probability[i]).epsilon(1e-14));
  for (const double temperature : {0.05, 0.5, 3.0, 20.0}) {
    const auto scaled = apply_temperature(probability, 3, temperature);
    CHECK(scaled[0] + scaled[1] + scaled[2] == doctest::Approx(1).epsilon(1e-14));
    CHECK(scaled[0] > scaled[1]);
    CHECK(scaled[1] > scaled[2]);
    CHECK(scaled[3] == scaled[4]);
  }
}

TEST_CASE("probabilities of 0 and 1 can be scaled") {
  const std::vector<double> probability = {0, 1, 1, 0, 0, 1, 0, 1};
  const std::vector<std::int32_t> truth = {1, 0, 0, 1};
  const double temperature = fit_unit_temperature({.probability = probability, .unit = kOneEach, .truth = truth});
  CHECK(temperature > 1);  // one of four is surely wrong
  const auto scaled = apply_temperature(probability, 2, temperature);
  for (const double p : scaled) CHECK(std::isfinite(p));
  CHECK(loss_of(scaled, truth, 2) < loss_of(probability, truth, 2));
  CHECK(apply_temperature(probability, 2, 2)[0] ==
        doctest::Approx(std::sqrt(std::numeric_limits<double>::epsilon())).epsilon(1e-6));
}

TEST_CASE("a perfect ranking ends at the lower limit, a model without knowledge at the upper, even odds stay") {
  const std::vector<double> right = {0.6, 0.4, 0.55, 0.45, 0.3, 0.7, 0.2, 0.8};
  const std::vector<std::int32_t> truth = {0, 0, 1, 1}, turned = {1, 1, 0, 0};
  CHECK(fit_unit_temperature({.probability = right, .unit = kOneEach, .truth = truth}) == kLeastTemperature);
  CHECK(fit_unit_temperature({.probability = right, .unit = kOneEach, .truth = turned}) == kGreatestTemperature);
  CHECK(fit_unit_temperature({.probability = std::vector<double>(8, 0.5), .unit = kOneEach, .truth = truth}) == 1);
}

TEST_CASE("the threshold is the best of all there are, and of equals the nearest to 0.5") {
  const auto* cases = calibration_truth();
  if (cases == nullptr) return;
  REQUIRE((*cases)["threshold"].size() == 90);
  for (const auto& c : (*cases)["threshold"]) {
    const auto positive = c["positive"].get<std::vector<std::uint8_t>>();
    const auto scores = c["scores"].get<std::vector<double>>();
    CAPTURE(scores.size());
    const double threshold = choose_best_threshold(positive, scores);
    CAPTURE(threshold);
    CHECK_MESSAGE(std::abs(balanced_accuracy_at(positive, scores, threshold) - c["balanced_accuracy"].get<double>()) < 1e-12,
                  "sklearn.metrics.balanced_accuracy_score");
    CHECK(std::abs(std::abs(threshold - 0.5) - c["distance"].get<double>()) < 1e-12);
  }
}

TEST_CASE("the threshold lies midway between neighbours and separates even neighbouring doubles") {
  const std::vector<std::uint8_t> positive = {0, 0, 1, 1};
  CHECK(choose_best_threshold(positive, std::vector<double>{0.1, 0.2, 0.8, 0.9}) == 0.5);
  CHECK(choose_best_threshold(positive, std::vector<double>{0.05, 0.1, 0.3, 0.9}) == doctest::Approx(0.2));
  const double low = 0.25, high = std::nextafter(low, 1);
  const double threshold = choose_best_threshold(positive, std::vector<double>{low, low, high, high});
  CHECK(threshold > low);
  CHECK(threshold <= high);
}

TEST_CASE("scores that know nothing leave the threshold at 0.5, and calls all alike when every cut is worse than none") {
  CHECK(choose_best_threshold(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.5, 0.5}) == 0.5);
  CHECK(choose_best_threshold(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.2, 0.2}) == 0.5);  // all negative
  const std::vector<double> backwards = {0.9, 0.3};
  const double threshold = choose_best_threshold(std::vector<std::uint8_t>{0, 1}, backwards);
  CHECK(balanced_accuracy_at({0, 1}, backwards, threshold) == 0.5);
  CHECK(threshold == 0.3);  // all positive; 0.9 is farther from 0.5
}

TEST_CASE("calibration refuses what it cannot learn from") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> even = {0.5, 0.5}, unknown = {nan, 0.5};
  const std::vector<std::int64_t> first = {0}, second = {1};
  const std::vector<std::int32_t> zero = {0}, two = {2}, both = {0, 1};
  CHECK_THROWS_AS(fit_unit_temperature({}), DataError);
  CHECK_THROWS_AS(fit_unit_temperature({.probability = unknown, .unit = first, .truth = zero}), DataError);
  CHECK_THROWS_AS(fit_unit_temperature({.probability = even, .unit = first, .truth = two}), InternalError);
  CHECK_THROWS_AS(fit_unit_temperature({.probability = even, .unit = first, .truth = both}), InternalError);  // one without a cell
  CHECK_THROWS_AS(fit_unit_temperature({.probability = even, .unit = second, .truth = zero}), InternalError);
  CHECK_THROWS_AS(apply_temperature(std::vector<double>{0.5, 0.5, 0.1}, 2, 1), InternalError);
  CHECK_THROWS_AS(apply_temperature(std::vector<double>{0.5, 0.5}, 2, 0), InternalError);
  CHECK_THROWS_WITH_AS(choose_best_threshold(std::vector<std::uint8_t>{1, 1}, std::vector<double>{0.5, 0.6}),
                       "threshold: found 2 positive and 0 negative observations, expected some of both; keep the threshold at 0.5 "
                       "or choose another validation side.",
                       DataError);
  CHECK_THROWS_AS(choose_best_threshold(std::vector<std::uint8_t>{0, 1}, std::vector<double>{nan, 0.6}), DataError);
  CHECK_THROWS_AS(choose_best_threshold(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.6}), InternalError);
}
