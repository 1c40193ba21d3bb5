// The band holds the whole true curve in at least as many studies as it says.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/roc_band.h>
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace cellverdict;

namespace {

struct Study {
  std::vector<std::uint8_t> positive;
  std::vector<double> scores;
};

// Uniform scores against their square roots: the true curve is TPR = 1 − (1 − FPR)².
Study draw(Random& random, int n_positive, int n_negative) {
  Study out;
  for (int i = 0; i < n_positive + n_negative; ++i) {
    out.positive.push_back(i < n_positive);
    const double u = random.uniform();
    out.scores.push_back(i < n_positive ? std::sqrt(u) : u);
  }
  return out;
}

double true_rate(double fpr) {
  return 1 - (1 - fpr) * (1 - fpr);
}

}  // namespace

TEST_CASE("at least 95 of 100 bands hold the whole true curve, with few units and with many") {
  for (const auto& [n_positive, n_negative] : {std::pair(4, 4), std::pair(8, 30), std::pair(40, 40)}) {
    CAPTURE(n_positive);
    Random random(4, "bands", {}, static_cast<std::uint64_t>(n_positive));
    int held = 0;
    double width = 0;
    constexpr int kStudies = 400;
    for (int s = 0; s < kStudies; ++s) {
      const Study study = draw(random, n_positive, n_negative);
      const auto band = roc_band(roc_curve(study.positive, study.scores), {n_positive, n_negative});
      bool holds = true;
      for (const auto& point : band.points) {
        const double truth = true_rate(point.false_positive_rate);
        holds = holds && point.low <= truth + 1e-9 && truth <= point.high + 1e-9;
        width += (point.high - point.low) / static_cast<double>(band.points.size()) / kStudies;
      }
      held += holds;
    }
    CHECK(held >= 0.95 * kStudies);
    CHECK(width < (n_positive == 40 ? 0.8 : 1));  // and it says something
  }
}

TEST_CASE("a band is the curve moved by what both rates may be off") {
  // All positives above all negatives: up the side, then along the top.
  const std::vector<std::uint8_t> positive = {1, 1, 0, 0};
  const std::vector<double> scores = {4, 3, 2, 1};
  const auto band = roc_band(roc_curve(positive, scores), {200, 800});
  const double up = std::sqrt(std::log(2 / (1 - std::sqrt(0.95))) / 400);
  CHECK(band.up == doctest::Approx(up));
  CHECK(band.aside == doctest::Approx(up / 2));
  CHECK(band.points.front().false_positive_rate == 0);
  CHECK(band.points.front().low == 0);
  CHECK(band.points.front().high == 1);
  CHECK(band.points.back().false_positive_rate == 1);
  CHECK(band.points.back().low == doctest::Approx(1 - up));
  for (const auto& point : band.points)
    if (point.false_positive_rate > band.aside) CHECK(point.low == doctest::Approx(1 - up));
}

TEST_CASE("a band of nothing is refused") {
  const std::vector<RocPoint> curve = {{0, 0, 1}, {1, 1, 0}};
  CHECK_THROWS_AS(roc_band({}, {3, 3}), InternalError);
  CHECK_THROWS_AS(roc_band(curve, {0, 3}), InternalError);
  CHECK_THROWS_AS(roc_band(curve, {3, 3}, 1), InternalError);
}
