// Intervals against statsmodels and against DeLong's definition; the ends and the too-small cases by hand.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/intervals.h>
#include <cellverdict/stats/metrics.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

const nlohmann::json* intervals_truth() {
  return shared_truth_of("make_intervals_truth.py");
}

bool near(double a, const nlohmann::json& b, double tolerance = 1e-9) {
  return std::abs(a - b.get<double>()) <= tolerance;
}

const std::vector<std::uint8_t> kFourAndFour = {0, 0, 0, 0, 1, 1, 1, 1};

}  // namespace

TEST_CASE("intervals of proportions are those of statsmodels") {
  const auto* truth = intervals_truth();
  if (truth == nullptr) return;
  REQUIRE((*truth)["proportions"].size() > 80);
  for (const auto& c : (*truth)["proportions"]) {
    const auto successes = c["successes"].get<std::int64_t>(), n = c["n"].get<std::int64_t>();
    const double level = c["level"].get<double>();
    CAPTURE(successes);
    CAPTURE(n);
    const Interval wilson = wilson_interval(successes, n, level), exact = exact_interval(successes, n, level);
    CHECK(near(wilson.low, c["wilson"][0]));
    CHECK(near(wilson.high, c["wilson"][1]));
    CHECK(near(exact.low, c["exact"][0]));
    CHECK(near(exact.high, c["exact"][1]));
    CHECK(wilson.estimate == static_cast<double>(successes) / static_cast<double>(n));
    const auto chosen = proportion_interval(successes, n, level);
    REQUIRE(chosen.interval);
    CHECK(chosen.interval->method == (n < 10 ? "Clopper–Pearson" : "Wilson"));
    CHECK(chosen.interval->low == (n < 10 ? exact.low : wilson.low));
  }
}

TEST_CASE("a proportion of no units has no interval, and none or all of them have a bound that touches the end") {
  CHECK_FALSE(proportion_interval(0, 0).interval);
  CHECK(proportion_interval(0, 0).why_not == "no units");
  for (const std::int64_t n : {3, 50}) {
    CHECK(proportion_interval(0, n).interval->low == 0);
    CHECK(proportion_interval(0, n).interval->high > 0);
    CHECK(proportion_interval(n, n).interval->high == 1);
    CHECK(proportion_interval(n, n).interval->low < 1);
  }
  CHECK_THROWS_AS(wilson_interval(3, 2), InternalError);
  CHECK_THROWS_AS(exact_interval(-1, 2), InternalError);
  CHECK_THROWS_AS(wilson_interval(1, 2, 1), InternalError);
}

TEST_CASE("the variance of an AUC, its interval and the paired difference follow DeLong's definition") {
  const auto* truth = intervals_truth();
  if (truth == nullptr) return;
  REQUIRE((*truth)["aucs"].size() == 120);
  int n_intervals = 0, n_differences = 0;
  for (const auto& c : (*truth)["aucs"]) {
    const auto positive = c["positive"].get<std::vector<std::uint8_t>>();
    const auto a = c["a"].get<std::vector<double>>(), b = c["b"].get<std::vector<double>>();
    const double level = c["level"].get<double>();
    CAPTURE(positive.size());
    CHECK(near(*auc_variance(positive, a), c["variance"], 1e-12));
    const auto result = delong_auc_interval(positive, a, level);
    REQUIRE(result.interval);
    CHECK(near(result.interval->estimate, c["auc"], 1e-12));
    CHECK(result.interval->low < result.interval->high);
    if (c.contains("interval")) {
      ++n_intervals;
      CHECK(near(result.interval->low, c["interval"][0]));
      CHECK(near(result.interval->high, c["interval"][1]));
      CHECK(result.interval->method == "DeLong, logit");
    }
    const auto paired = auc_difference(positive, {.a = a, .b = b}, level);
    CHECK(near(paired.difference.interval->estimate, c["difference"], 1e-12));
    if (c.contains("p")) {
      ++n_differences;
      CHECK(near(paired.difference.interval->low, c["difference_interval"][0]));
      CHECK(near(paired.difference.interval->high, c["difference_interval"][1]));
      CHECK(near(*paired.p_value, c["p"]));
    }
  }
  CHECK(n_intervals > 100);
  CHECK(n_differences > 100);
}

TEST_CASE("classes separated without an overlap get a bound from disjoint pairs, never a width of zero") {
  const std::vector<double> apart = {1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(*auc_variance(kFourAndFour, apart) == 0);
  const auto perfect = auc_interval(kFourAndFour, apart);
  CHECK(perfect.interval->estimate == 1);
  CHECK(perfect.interval->low == doctest::Approx(std::pow(0.025, 0.25)).epsilon(1e-12));  // all 4 pairs won
  CHECK(perfect.interval->high == 1);
  CHECK(perfect.interval->method == "exact bound over disjoint pairs");
  const auto inverted = auc_interval(kFourAndFour, std::vector<double>{8, 7, 6, 5, 4, 3, 2, 1});
  CHECK(inverted.interval->estimate == 0);
  CHECK(inverted.interval->low == 0);
  CHECK(inverted.interval->high == doctest::Approx(1 - std::pow(0.025, 0.25)).epsilon(1e-12));
  const auto tied = auc_interval(kFourAndFour, std::vector<double>(8, 0.3));
  CHECK(tied.interval->estimate == 0.5);
  const Interval half = exact_interval(2, 4);
  CHECK(tied.interval->low == doctest::Approx(half.low).epsilon(1e-12));
  CHECK(tied.interval->high == doctest::Approx(half.high).epsilon(1e-12));
}

TEST_CASE("more separated units bring the lower bound nearer to 1") {
  double last = 0;
  for (std::size_t n = 4; n < 100; n *= 2) {
    std::vector<std::uint8_t> positive(2 * n, 0);
    std::vector<double> scores(2 * n, 0);
    for (std::size_t i = 0; i < n; ++i) {
      positive[i] = 1;
      scores[i] = 1;
    }
    const double low = auc_interval(positive, scores).interval->low;
    CHECK(low > last);
    last = low;
  }
}

TEST_CASE("Newcombe's interval ends where the difference is z standard errors of the end itself") {
  for (const auto& [auc, m, n] : {std::tuple(0.9, 6, 6), {0.61, 4, 20}, {0.5, 9, 9}, {0.03, 30, 5}}) {
    const Interval interval = newcombe_auc_interval(auc, {.n_positive = m, .n_negative = n});
    CHECK(interval.low < auc);
    CHECK(interval.high > auc);
    for (const double t : {interval.low, interval.high}) {
      const double middle = 0.5 * (m + n) - 1;
      const double variance = t * (1 - t) * (1 + middle * (1 - t) / (2 - t) + middle * t / (1 + t)) / (m * n);
      CHECK(std::abs(auc - t) == doctest::Approx(1.959963984540054 * std::sqrt(variance)).epsilon(1e-9));
    }
  }
  CHECK(newcombe_auc_interval(1, {.n_positive = 6, .n_negative = 6}).high == 1);
  CHECK(newcombe_auc_interval(1, {.n_positive = 6, .n_negative = 6}).low < 0.75);
  CHECK(newcombe_auc_interval(0, {.n_positive = 6, .n_negative = 6}).low == 0);
  CHECK_THROWS_AS(newcombe_auc_interval(1.1, {.n_positive = 6, .n_negative = 6}), InternalError);
  CHECK_THROWS_AS(newcombe_auc_interval(0.5, {.n_positive = 6, .n_negative = 0}), InternalError);
}

TEST_CASE("few units get Newcombe's interval, ten a class DeLong's, and separated classes the exact bound") {
  for (const std::size_t n : {std::size_t{4}, std::size_t{9}, std::size_t{10}, std::size_t{40}}) {
    std::vector<std::uint8_t> positive(2 * n);
    std::vector<double> scores(2 * n);
    for (std::size_t i = 0; i < 2 * n; ++i) {
      positive[i] = i >= n;
      scores[i] = static_cast<double>(i);
    }
    CHECK(auc_interval(positive, scores).interval->method == "exact bound over disjoint pairs");
    std::swap(scores[n - 1], scores[n]);
    CHECK(auc_interval(positive, scores).interval->method == (n < 10 ? "Newcombe" : "DeLong, logit"));
    CHECK(delong_auc_interval(positive, scores).interval->method == "DeLong, logit");
  }
}

TEST_CASE("three units of a class are too few for an interval of the AUC, and it says so") {
  const std::vector<std::uint8_t> positive = {1, 1, 1, 0, 0, 0, 0, 0};
  const std::vector<double> scores = {4, 5, 6, 1, 2, 3, 4, 5};
  const auto result = auc_interval(positive, scores);
  CHECK_FALSE(result.interval);
  CHECK(result.why_not == "3 positive and 5 negative units; an interval needs 4 of each");
  CHECK_FALSE(auc_difference(positive, {.a = scores, .b = scores}).difference.interval);
  CHECK_FALSE(auc_difference(positive, {.a = scores, .b = scores}).p_value);
  CHECK_FALSE(auc_variance(std::vector<std::uint8_t>{1, 0}, std::vector<double>{1, 0}));
  CHECK_FALSE(auc_interval({}, {}).interval);
}

TEST_CASE("two rankings that agree differ by nothing, but how far apart they may be stays open") {
  const std::vector<double> a = {1, 2, 3, 5, 4, 6, 7, 8}, twice = {2, 4, 6, 10, 8, 12, 14, 16};
  const auto same = auc_difference(kFourAndFour, {.a = a, .b = twice});
  CHECK(same.difference.interval->estimate == 0);
  CHECK(same.difference.interval->low < 0);
  CHECK(same.difference.interval->high == -same.difference.interval->low);
  CHECK(*same.p_value == 1);
  const std::vector<double> apart = {1, 2, 3, 4, 5, 6, 7, 8}, backwards = {8, 7, 6, 5, 4, 3, 2, 1};
  const auto opposite = auc_difference(kFourAndFour, {.a = apart, .b = backwards});
  CHECK(opposite.difference.interval->estimate == 1);
  CHECK(opposite.difference.interval->high == 1);
  CHECK(opposite.difference.interval->low < 1);
  CHECK_FALSE(opposite.p_value);
}

TEST_CASE("beside a model that says the same of everybody, all doubt is about the other one") {
  const std::vector<double> apart = {5, 6, 7, 8, 1, 2, 3, 4}, nearly = {5, 6, 7, 1.5, 1, 2, 3, 4}, same(8, 0.3);
  for (const auto& scores : {apart, nearly}) {
    const auto own = *auc_interval(kFourAndFour, scores).interval;
    const auto beside = *auc_difference(kFourAndFour, {.a = scores, .b = same}).difference.interval;
    CHECK(beside.low == doctest::Approx(own.low - 0.5));
    CHECK(beside.high == doctest::Approx(own.high - 0.5));
    const auto turned = *auc_difference(kFourAndFour, {.a = same, .b = scores}).difference.interval;
    CHECK(turned.estimate == -beside.estimate);
    CHECK(turned.low == -beside.high);
    CHECK(turned.high == -beside.low);
  }
}

TEST_CASE("the difference turns its sign with the order of the two, and p does not change") {
  const std::vector<double> a = {1, 2, 6, 4, 5, 3, 7, 8}, b = {2, 1, 3, 8, 4, 5, 6, 7};
  const auto one = auc_difference(kFourAndFour, {.a = a, .b = b}), other = auc_difference(kFourAndFour, {.a = b, .b = a});
  CHECK(one.difference.interval->estimate == -other.difference.interval->estimate);
  CHECK(one.difference.interval->low == -other.difference.interval->high);
  CHECK(*one.p_value == *other.p_value);
}

TEST_CASE("scores that are not numbers or do not fit the labels have no interval") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(auc_interval(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.1, nan}), DataError);
  CHECK_THROWS_AS(auc_interval(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.1}), InternalError);
}
