// Bins against scikit-learn, calibration lines against statsmodels' GLM, net benefit against its definition, predictive values by
// hand.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/decision_curve.h>
#include <cellverdict/stats/reliability.h>
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

using Flags = std::vector<std::uint8_t>;

const nlohmann::json* reliability_truth() {
  const auto* truth = shared_truth_of("make_intervals_truth.py");
  return truth == nullptr ? nullptr : &(*truth)["calibration"];
}

void check_interval(const Interval& interval, const nlohmann::json& expected) {
  CHECK(std::abs(interval.estimate - expected[0].get<double>()) < 1e-7);
  CHECK(std::abs(interval.low - expected[1].get<double>()) < 1e-6);
  CHECK(std::abs(interval.high - expected[2].get<double>()) < 1e-6);
}

}  // namespace

TEST_CASE("bins of equal mass are scikit-learn's, and the calibration error is their weighted distance") {
  const auto* truth = reliability_truth();
  if (truth == nullptr) return;
  REQUIRE(truth->size() == 36);
  for (const auto& c : *truth) {
    const auto positive = c["positive"].get<Flags>();
    const auto probability = c["probability"].get<std::vector<double>>();
    std::size_t which = 0;
    for (const std::int64_t n_bins : {1, 4, 10}) {
      CAPTURE(n_bins);
      const auto bins = reliability_bins(positive, probability, n_bins);
      const auto& curve = c["curves"][which];
      REQUIRE(bins.size() == curve[0].size());
      std::int64_t n = 0;
      for (std::size_t b = 0; b < bins.size(); ++b) {
        CHECK(std::abs(bins[b].share_positive.estimate - curve[0][b].get<double>()) < 1e-12);
        CHECK(std::abs(bins[b].mean_probability - curve[1][b].get<double>()) < 1e-12);
        CHECK(bins[b].low <= bins[b].mean_probability + 1e-12);
        CHECK(bins[b].high >= bins[b].mean_probability - 1e-12);
        if (b > 0) CHECK(bins[b].low > bins[b - 1].high);
        n += bins[b].n;
      }
      CHECK(n == static_cast<std::int64_t>(positive.size()));
      CHECK(std::abs(*expected_calibration_error(positive, probability, n_bins) - c["errors"][which].get<double>()) < 1e-12);
      ++which;
    }
  }
}

TEST_CASE("the calibration line and its intervals are those of statsmodels") {
  const auto* truth = reliability_truth();
  if (truth == nullptr) return;
  for (const auto& c : *truth) {
    const auto positive = c["positive"].get<Flags>();
    const auto result = calibration_line(positive, c["probability"].get<std::vector<double>>(), c["level"].get<double>());
    REQUIRE(result.line);
    check_interval(result.line->slope, c["slope"]);
    check_interval(result.line->in_the_large, c["in_the_large"]);
    CHECK(std::abs(result.line->intercept - c["intercept"].get<double>()) < 1e-7);
  }
}

TEST_CASE("net benefit follows its definition, and a prevalence equal to the study's changes nothing") {
  const auto* truth = reliability_truth();
  if (truth == nullptr) return;
  for (const auto& c : *truth) {
    const auto positive = c["positive"].get<Flags>();
    const auto probability = c["probability"].get<std::vector<double>>(), thresholds = c["thresholds"].get<std::vector<double>>();
    DecisionCurveInput input{.positive = positive, .probability = probability, .thresholds = thresholds, .prevalence = {}};
    const auto curve = decision_curve(input);
    double share = 0;
    for (const auto p : positive) share += p / static_cast<double>(positive.size());
    input.prevalence = share;
    const auto same = decision_curve(input);
    for (std::size_t i = 0; i < curve.size(); ++i) {
      CHECK(curve[i].threshold == thresholds[i]);
      CHECK(std::abs(curve[i].model - c["benefit"][i][0].get<double>()) < 1e-12);
      CHECK(std::abs(curve[i].treat_all - c["benefit"][i][1].get<double>()) < 1e-12);
      CHECK(std::abs(curve[i].model - same[i].model) < 1e-12);
    }
  }
}

TEST_CASE("a rarer disease makes the same calls worth less") {
  const Flags positive = {1, 1, 1, 1, 0, 0, 0, 0};
  const std::vector<double> probability = {0.9, 0.8, 0.7, 0.2, 0.6, 0.1, 0.1, 0.3}, threshold = {0.5};
  DecisionCurveInput input{.positive = positive, .probability = probability, .thresholds = threshold, .prevalence = 0.1};
  // Sensitivity 3/4, false alarms 1/4, odds 1.
  CHECK(decision_curve(input)[0].model == doctest::Approx(0.75 * 0.1 - 0.25 * 0.9).epsilon(1e-12));
  CHECK(decision_curve(input)[0].treat_all == doctest::Approx(0.1 - 0.9).epsilon(1e-12));
}

TEST_CASE("forty-nine units have no calibration error") {
  Flags positive(49);
  std::vector<double> probability(49);
  for (std::size_t i = 0; i < 49; ++i) {
    positive[i] = i % 2;
    probability[i] = 0.01 * static_cast<double>(i);
  }
  CHECK_FALSE(expected_calibration_error(positive, probability));
  CHECK(reliability_bins(positive, probability).size() == 10);
  positive.push_back(1);
  probability.push_back(0.5);
  CHECK(expected_calibration_error(positive, probability));
}

TEST_CASE("equal probabilities stay in one bin") {
  const auto bins = reliability_bins(Flags{1, 0, 1, 1}, std::vector<double>{0.4, 0.4, 0.4, 0.4}, 3);
  REQUIRE(bins.size() == 1);
  CHECK(bins[0].n == 4);
  CHECK(bins[0].share_positive.estimate == 0.75);
  CHECK(reliability_bins({}, {}).empty());
}

TEST_CASE("a calibration line that has no slope says why") {
  Flags positive(24);
  std::vector<double> apart(24), equal(24, 0.3);
  for (std::size_t i = 0; i < 24; ++i) {
    positive[i] = i >= 12;
    apart[i] = 0.04 * static_cast<double>(i);
  }
  CHECK(calibration_line(positive, apart).why_not == "the probabilities separate the classes, so the slope has no finite value");
  CHECK(calibration_line(positive, equal).why_not == "all probabilities are equal");
  std::swap(apart[11], apart[12]);
  CHECK(calibration_line(positive, apart).line);
  CHECK(calibration_line(std::span(positive).first(15), std::span(apart).first(15)).why_not ==
        "3 positive and 12 negative units; a calibration line needs 10 of each");
}

TEST_CASE("what is no probability is refused everywhere") {
  const Flags positive = {1, 0};
  const std::vector<double> wrong = {0.5, 1.5}, short_one = {0.5}, threshold = {0.5}, end = {1.0}, right = {0.5, 0.2};
  CHECK_THROWS_AS(reliability_bins(positive, wrong), DataError);
  CHECK_THROWS_AS(calibration_line(positive, wrong), DataError);
  CHECK_THROWS_AS(reliability_bins(positive, short_one), InternalError);
  CHECK_THROWS_AS(reliability_bins(positive, right, 0), InternalError);
  const auto curve = [&](const std::vector<double>& p, const std::vector<double>& t) {
    return decision_curve({.positive = positive, .probability = p, .thresholds = t, .prevalence = {}});
  };
  CHECK_THROWS_AS(curve(wrong, threshold), DataError);
  CHECK_THROWS_AS(curve(right, end), InternalError);
  CHECK_THROWS_AS(decision_curve({}), DataError);
}
