// Rank tests, adjusted p-values, Fisher's test and the adjusted Rand index against scipy and scikit-learn.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/association.h>
#include <cellverdict/stats/rank_tests.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

using Numbers = std::vector<double>;
using Levels = std::vector<std::int32_t>;

TEST_CASE("the rank sum is scipy's, exact where groups are small and without ties") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  int n_exact = 0;
  for (const auto& c : (*all)["rank_sum"]) {
    const auto a = c["a"].get<Numbers>(), b = c["b"].get<Numbers>();
    const auto test = rank_sum(a, b);
    REQUIRE(test);
    CHECK(test->u == c["u"].get<double>());
    CHECK(test->p_value == doctest::Approx(c["p"].get<double>()).epsilon(1e-9));
    n_exact += test->method == "exact" ? 1 : 0;
  }
  CHECK(n_exact >= 6);
}

TEST_CASE("the share of a rank sum is the AUC, and three against three cannot be below a tenth") {
  const auto test = rank_sum(Numbers{4, 5, 6}, Numbers{1, 2, 3});
  CHECK(test->share == 1);
  CHECK(test->p_value == doctest::Approx(0.1).epsilon(1e-12));
  CHECK(rank_sum(Numbers{1, 1}, Numbers{1, 1, 1})->p_value == 1);
  CHECK_FALSE(rank_sum({}, Numbers{1}));
  CHECK_THROWS_AS(rank_sum(Numbers{std::numeric_limits<double>::quiet_NaN()}, Numbers{1}), DataError);
}

TEST_CASE("Kruskal and Wallis's test is scipy's, and leaves out what is missing") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  for (const auto& c : (*all)["kruskal"]) {
    auto values = c["values"].get<Numbers>();
    auto group = c["group"].get<Levels>();
    values.push_back(7);
    group.push_back(-1);
    values.push_back(std::numeric_limits<double>::quiet_NaN());
    group.push_back(0);
    const auto test = kruskal_wallis(values, group);
    REQUIRE(test);
    CHECK(test->h == doctest::Approx(c["h"].get<double>()).epsilon(1e-9));
    CHECK(test->p_value == doctest::Approx(c["p"].get<double>()).epsilon(1e-9));
    CHECK(test->n_missing == 2);
  }
  CHECK_FALSE(kruskal_wallis(Numbers{1, 2}, Levels{0, 0}));
  CHECK_FALSE(kruskal_wallis(Numbers{2, 2}, Levels{0, 1}));
}

TEST_CASE("adjusted p-values are scipy's, and Bonferroni multiplies") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  const auto p = (*all)["adjusted"]["p"].get<Numbers>(), truth = (*all)["adjusted"]["bh"].get<Numbers>();
  const auto adjusted = benjamini_hochberg(p), multiplied = bonferroni(p);
  REQUIRE(adjusted.size() == truth.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    CHECK(adjusted[i] == doctest::Approx(truth[i]).epsilon(1e-12));
    CHECK(multiplied[i] == std::min(1.0, p[i] * static_cast<double>(p.size())));
    CHECK(multiplied[i] >= adjusted[i]);
  }
  CHECK(benjamini_hochberg({}).empty());
  CHECK_THROWS_AS(bonferroni(Numbers{1.5}), InternalError);
  CHECK_THROWS_AS(benjamini_hochberg(Numbers{std::numeric_limits<double>::quiet_NaN()}), InternalError);
}

TEST_CASE("Fisher's exact test is scipy's, down to the smallest p") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  for (const auto& c : (*all)["fisher"]) {
    const auto t = c["table"].get<std::vector<std::int64_t>>();
    const FisherExact test = fisher_exact({.both = t[0], .only_chosen = t[1], .only_marked = t[2], .neither = t[3]});
    if (c["odds"].is_number())
      CHECK(test.odds_ratio == doctest::Approx(c["odds"].get<double>()).epsilon(1e-12));
    else
      CHECK(std::isinf(test.odds_ratio));
    CHECK(std::abs(std::log(test.two_sided / c["p"][0].get<double>())) < 1e-7);
    CHECK(std::abs(std::log(test.greater / c["p"][1].get<double>())) < 1e-7);
    CHECK(std::abs(std::log(test.less / c["p"][2].get<double>())) < 1e-7);
  }
  CHECK(std::isnan(fisher_exact({.both = 0, .only_chosen = 0, .only_marked = 3, .neither = 4}).odds_ratio));
  CHECK_THROWS_AS(fisher_exact({.both = -1}), InternalError);
}

TEST_CASE("the adjusted Rand index is scikit-learn's: 1 for the same groups under other names") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  const auto a = (*all)["rand"]["a"].get<Levels>(), b = (*all)["rand"]["b"].get<Levels>();
  CHECK(adjusted_rand_index(contingency_table({.a = a, .b = b})) ==
        doctest::Approx((*all)["rand"]["ab"].get<double>()).epsilon(1e-12));
  Levels renamed;
  for (const std::int32_t x : a) renamed.push_back(3 - x);
  CHECK(adjusted_rand_index(contingency_table({.a = a, .b = renamed})) == doctest::Approx(1).epsilon(1e-12));
  CHECK(adjusted_rand_index(contingency_table({.a = Levels{0, 0}, .b = Levels{0, 0}})) == 1);
}
