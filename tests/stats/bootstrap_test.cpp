// Intervals against scipy on the same draws, the AUC of drawn units against the cells written out, and what the draws themselves
// must keep.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/bootstrap.h>
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

struct Study {
  std::vector<std::uint8_t> positive;  // [cells]
  std::vector<double> scores;
  std::vector<std::int64_t> unit;
  std::vector<std::int32_t> unit_class;
  std::int64_t n_units() const { return static_cast<std::int64_t>(unit_class.size()); }
  CellAuc auc() const { return CellAuc({.positive = positive, .scores = scores, .unit = unit, .n_units = n_units()}); }
};

// Units with an effect of their own, 1 to 2·mean_cells − 1 cells each; scores on a grid so that many tie.
Study make_study(std::int64_t n_units, std::uint64_t mean_cells, double grid) {
  Study study;
  Random random(1, "study", "", static_cast<std::uint64_t>(n_units));
  for (std::int64_t u = 0; u < n_units; ++u) {
    study.unit_class.push_back(static_cast<std::int32_t>(u % 2));
    const double effect = random.uniform() + 0.3 * static_cast<double>(u % 2);
    for (std::uint64_t c = 1 + random.below(2 * mean_cells - 1); c > 0; --c) {
      study.unit.push_back(u);
      study.positive.push_back(u % 2 == 1);
      study.scores.push_back(std::round((effect + random.uniform()) / grid) * grid);
    }
  }
  return study;
}

std::optional<double> auc_of_written_out(const Study& study, const std::vector<std::uint32_t>& times) {
  std::vector<std::uint8_t> positive;
  std::vector<double> scores;
  for (std::size_t i = 0; i < study.scores.size(); ++i)
    for (std::uint32_t k = 0; k < times[static_cast<std::size_t>(study.unit[i])]; ++k) {
      positive.push_back(study.positive[i]);
      scores.push_back(study.scores[i]);
    }
  return roc_auc(positive, scores);
}

}  // namespace

TEST_CASE("percentile and BCa intervals are scipy's on the same draws") {
  const auto* all = shared_truth_of("make_scipy_truth.py");
  if (all == nullptr) return;
  const auto& truth = (*all)["bootstrap"];
  REQUIRE(truth.size() == 18);
  int n_moved = 0;
  for (const auto& c : truth) {
    const auto x = c["x"].get<std::vector<double>>(), y = c["y"].get<std::vector<double>>();
    const auto draws = c["draws"].get<std::vector<double>>();
    const double level = c["level"].get<double>(), estimate = c["estimate"].get<double>();
    Study study;
    study.scores = x;
    study.scores.insert(study.scores.end(), y.begin(), y.end());
    for (std::size_t i = 0; i < study.scores.size(); ++i) {
      study.positive.push_back(i < x.size());
      study.unit_class.push_back(i < x.size());
      study.unit.push_back(static_cast<std::int64_t>(i));
    }
    const CellAuc auc = study.auc();
    std::vector<double> without;
    std::vector<std::uint32_t> times(study.scores.size(), 1);
    CHECK(*auc(times) == doctest::Approx(estimate).epsilon(1e-14));
    for (auto& one : times) {
      one = 0;
      without.push_back(*auc(times));
      one = 1;
    }
    const Interval percentile = percentile_interval(estimate, draws, level);
    CHECK(percentile.low == doctest::Approx(c["percentile"][0].get<double>()).epsilon(1e-12));
    CHECK(percentile.high == doctest::Approx(c["percentile"][1].get<double>()).epsilon(1e-12));
    const auto bca = bca_interval(estimate, draws, {.without = without, .unit_class = study.unit_class}, level);
    REQUIRE(bca);
    CHECK(bca->low == doctest::Approx(c["BCa"][0].get<double>()).epsilon(1e-9));
    CHECK(bca->high == doctest::Approx(c["BCa"][1].get<double>()).epsilon(1e-9));
    n_moved += bca->low != percentile.low;
  }
  CHECK(n_moved > 9);  // the correction does something
}

TEST_CASE("the AUC over cells of drawn units is that of the cells written out, by table and by sorted cells") {
  // 8 units with 60 cells each fit a table; 40 units with one or two do not.
  for (const Study& study : {make_study(8, 60, 0.05), make_study(8, 60, 1e-9), make_study(40, 1, 0.1), make_study(40, 2, 1e-9)}) {
    const CellAuc auc = study.auc();
    for (std::uint64_t draw = 0; draw < 40; ++draw) {
      Random random(9, "times", "", draw);
      std::vector<std::uint32_t> times(study.unit_class.size());
      for (auto& one : times) one = static_cast<std::uint32_t>(random.below(4));
      const auto expected = auc_of_written_out(study, times);
      REQUIRE(auc(times).has_value() == expected.has_value());
      if (expected) CHECK(*auc(times) == *expected);
    }
    CHECK_FALSE(auc(std::vector<std::uint32_t>(study.unit_class.size(), 0)));
    CHECK_THROWS_AS(auc(std::vector<std::uint32_t>(3, 1)), InternalError);
  }
}

TEST_CASE("a unit with cells of both classes brings both") {
  Study study = make_study(6, 30, 0.1);
  for (std::size_t i = 0; i < study.positive.size(); ++i) study.positive[i] = i % 3 == 0;
  const std::vector<std::uint32_t> times = {2, 0, 1, 3, 1, 0};
  CHECK(*study.auc()(times) == *auc_of_written_out(study, times));
}

TEST_CASE("draws keep the number of units of each class, and depend on neither threads nor the statistic") {
  std::vector<std::int32_t> unit_class(37, 0);
  for (std::size_t u = 0; u < 12; ++u) unit_class[3 * u] = 2;  // class 1 has no unit
  const auto counts = [&](std::span<const std::uint32_t> times) -> std::optional<double> {
    std::uint32_t of_class[3] = {0, 0, 0};
    double code = 0;
    for (std::size_t u = 0; u < times.size(); ++u) {
      of_class[unit_class[u]] += times[u];
      code += static_cast<double>(times[u] * (u + 1) * (u + 1));
    }
    // All units of each class, or one fewer in one of them: the jackknife.
    const bool kept = (of_class[0] == 25 && of_class[2] == 12) || (of_class[0] == 24 && of_class[2] == 12) ||
                      (of_class[0] == 25 && of_class[2] == 11);
    return kept ? std::optional(code) : std::nullopt;
  };
  const Bootstrap one = cluster_bootstrap(unit_class, counts, {.draws = 500});
  CHECK(one.n_undefined == 0);
  CHECK(one.draws.size() == 500);
  REQUIRE(one.bca);
  for (const int threads : {2, 3, 8}) {
    const Bootstrap other = cluster_bootstrap(unit_class, counts, {.draws = 500, .threads = threads});
    CHECK(other.draws == one.draws);
    CHECK(other.bca->low == one.bca->low);
    CHECK(other.bca->high == one.bca->high);
  }
  CHECK(cluster_bootstrap(unit_class, counts, {.draws = 500, .seed = 43}).draws != one.draws);
  CHECK(cluster_bootstrap(unit_class, counts, {.draws = 500, .purpose = "another"}).draws != one.draws);
}

TEST_CASE("a difference of two statistics is bootstrapped on the same draws") {
  const Study a = make_study(40, 3, 1e-9);
  Study b = a;
  Random random(3, "noise");
  for (double& score : b.scores) score += random.uniform();
  const CellAuc auc_a = a.auc(), auc_b = b.auc();
  const UnitStatistic of_a = [&](auto times) { return auc_a(times); }, of_b = [&](auto times) { return auc_b(times); };
  const Bootstrap alone_a = cluster_bootstrap(a.unit_class, of_a), alone_b = cluster_bootstrap(a.unit_class, of_b);
  const Bootstrap difference = cluster_bootstrap(a.unit_class, difference_of(of_a, of_b));
  REQUIRE(difference.bca);
  REQUIRE(difference.draws.size() == 2000);
  for (std::size_t d = 0; d < difference.draws.size(); ++d) CHECK(difference.draws[d] == alone_a.draws[d] - alone_b.draws[d]);
  const auto width = [](const Bootstrap& of) { return of.percentile->high - of.percentile->low; };
  CHECK(width(difference) < width(alone_a) + width(alone_b));
  const Bootstrap none = cluster_bootstrap(a.unit_class, difference_of(of_a, of_a));
  CHECK_FALSE(none.percentile);
  CHECK(none.why_not == "the same in every draw");
}

TEST_CASE("the standard deviation of a drawn mean is that of theory") {
  std::vector<std::int32_t> unit_class(30, 0);
  std::vector<double> values(30);
  std::iota(values.begin(), values.end(), 0);
  const Bootstrap result = cluster_bootstrap(unit_class,
                                             [&](std::span<const std::uint32_t> times) -> std::optional<double> {
                                               double sum = 0, n = 0;
                                               for (std::size_t u = 0; u < times.size(); ++u) {
                                                 sum += values[u] * times[u];
                                                 n += times[u];
                                               }
                                               return sum / n;
                                             },
                                             {.draws = 20000});
  double mean = 0, squares = 0;
  for (const double draw : result.draws) mean += draw / 20000;
  for (const double draw : result.draws) squares += (draw - mean) * (draw - mean) / 20000;
  CHECK(mean == doctest::Approx(14.5).epsilon(0.01));
  CHECK(squares == doctest::Approx((30.0 * 30 - 1) / 12 / 30).epsilon(0.03));  // variance of 0 … 29, over 30
}

TEST_CASE("nine units of a class are too few to bootstrap, and a statistic mostly undefined has no interval") {
  std::vector<std::int32_t> unit_class(30, 0);
  std::fill_n(unit_class.begin(), 9, 1);
  const auto constant = [](std::span<const std::uint32_t>) { return std::optional(1.0); };
  const Bootstrap few = cluster_bootstrap(unit_class, constant);
  CHECK_FALSE(few.percentile);
  CHECK(few.why_not == "9 units in the smallest class; a bootstrap needs 10");
  CHECK(cluster_bootstrap({}, constant).why_not == "no units");
  unit_class.assign(30, 0);
  CHECK(cluster_bootstrap(unit_class, [](auto) { return std::optional<double>(); }).why_not == "undefined on these units");
  const auto rarely = [](std::span<const std::uint32_t> times) {
    return times[0] > 0 ? std::optional(static_cast<double>(times[0])) : std::nullopt;
  };
  const Bootstrap often_undefined = cluster_bootstrap(unit_class, rarely);
  CHECK_FALSE(often_undefined.percentile);
  CHECK(often_undefined.n_undefined > 500);  // unit 0 is missing from (29/30)^30 = 36 % of the draws
  CHECK_THROWS_AS(cluster_bootstrap(unit_class, constant, {.draws = 10}), InternalError);
  unit_class[4] = -1;
  CHECK_THROWS_AS(cluster_bootstrap(unit_class, constant), InternalError);
}

TEST_CASE("draws that all lie on one side of the estimate leave BCa without an answer") {
  const std::vector<double> draws = {1, 2, 3}, without = {1, 1, 1};
  const std::vector<std::int32_t> unit_class = {0, 0, 0};
  CHECK_FALSE(bca_interval(4, draws, {.without = without, .unit_class = unit_class}));
  CHECK_FALSE(bca_interval(0, draws, {.without = without, .unit_class = unit_class}));
  CHECK(bca_interval(2, draws, {.without = without, .unit_class = unit_class}));
}

TEST_CASE("cells whose scores are not numbers, or whose unit is unknown, are refused") {
  Study study = make_study(4, 2, 0.1);
  study.unit[0] = 4;
  CHECK_THROWS_AS(study.auc(), InternalError);
  study.unit[0] = 0;
  study.scores[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(study.auc(), DataError);
}
