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

TEST_CASE("the temperature is scipy's optimum and close to the one that made the data") {
  const auto* cases = calibration_truth();
  if (cases == nullptr) return;
  REQUIRE((*cases)["temperature"].size() == 12);
  for (const auto& c : (*cases)["temperature"]) {
    const auto truth = c["truth"].get<std::vector<std::int32_t>>();
    const auto probability = c["probability"].get<std::vector<double>>();
    const auto n_classes = c["n_classes"].get<std::int64_t>();
    const double true_temperature = c["true_temperature"].get<double>();
    CAPTURE(n_classes);
    CAPTURE(true_temperature);
    const double temperature = fit_temperature(probability, truth, n_classes);
    CHECK(temperature == doctest::Approx(c["best_temperature"].get<double>()).epsilon(1e-6));
    CHECK(temperature == doctest::Approx(true_temperature).epsilon(0.12));
    const double after = loss_of(apply_temperature(probability, n_classes, temperature), truth, n_classes);
    CHECK(std::abs(after - c["loss_at_best"].get<double>()) < 1e-9);
    CHECK(after <= loss_of(probability, truth, n_classes));
    const auto applied = apply_temperature(probability, n_classes, 2.5);
    const auto expected = c["applied"].get<std::vector<double>>();
    double worst = 0;
    for (std::size_t i = 0; i < applied.size(); ++i) worst = std::max(worst, std::abs(applied[i] - expected[i]));
    CHECK_MESSAGE(worst < 1e-12, "scipy.special.softmax");
  }
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
  const double temperature = fit_temperature(probability, truth, 2);
  CHECK(temperature > 1);  // one of four is surely wrong
  const auto scaled = apply_temperature(probability, 2, temperature);
  for (const double p : scaled) CHECK(std::isfinite(p));
  CHECK(loss_of(scaled, truth, 2) < loss_of(probability, truth, 2));
  CHECK(apply_temperature(probability, 2, 2)[0] ==
        doctest::Approx(std::sqrt(std::numeric_limits<double>::epsilon())).epsilon(1e-6));
}

TEST_CASE("a perfect ranking ends at the lower limit, a model without knowledge at the upper, even odds stay") {
  const std::vector<double> probability = {0.6, 0.4, 0.3, 0.7};
  CHECK(fit_temperature(probability, std::vector<std::int32_t>{0, 1}, 2) == kLeastTemperature);
  CHECK(fit_temperature(probability, std::vector<std::int32_t>{1, 0}, 2) == kGreatestTemperature);
  CHECK(fit_temperature(std::vector<double>{0.5, 0.5}, std::vector<std::int32_t>{0}, 2) == 1);
  CHECK(fit_temperature(std::vector<double>{0, 1}, std::vector<std::int32_t>{1}, 2) <= 1);
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
  CHECK_THROWS_AS(fit_temperature({}, {}, 2), DataError);
  CHECK_THROWS_AS(fit_temperature(std::vector<double>{nan, 0.5}, std::vector<std::int32_t>{0}, 2), DataError);
  CHECK_THROWS_AS(fit_temperature(std::vector<double>{0.5, 0.5}, std::vector<std::int32_t>{2}, 2), InternalError);
  CHECK_THROWS_AS(fit_temperature(std::vector<double>{0.5, 0.5}, std::vector<std::int32_t>{0, 1}, 2), InternalError);
  CHECK_THROWS_AS(apply_temperature(std::vector<double>{0.5, 0.5, 0.1}, 2, 1), InternalError);
  CHECK_THROWS_AS(apply_temperature(std::vector<double>{0.5, 0.5}, 2, 0), InternalError);
  CHECK_THROWS_WITH_AS(choose_best_threshold(std::vector<std::uint8_t>{1, 1}, std::vector<double>{0.5, 0.6}),
                       "threshold: found 2 positive and 0 negative observations, expected some of both; keep the threshold at 0.5 "
                       "or choose another validation side.",
                       DataError);
  CHECK_THROWS_AS(choose_best_threshold(std::vector<std::uint8_t>{0, 1}, std::vector<double>{nan, 0.6}), DataError);
  CHECK_THROWS_AS(choose_best_threshold(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.6}), InternalError);
}
