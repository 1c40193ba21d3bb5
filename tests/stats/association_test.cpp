// Association against scipy and Bergsma's formula, and against tables small enough to see through.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/association.h>
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

using Levels = std::vector<std::int32_t>;

TEST_CASE("chi-squared, its p and both kinds of V are scipy's and Bergsma's") {
  const auto* all = shared_truth_of("make_scipy_truth.py");
  if (all == nullptr) return;
  const auto& truth = (*all)["association"];
  REQUIRE(truth.size() == 36);
  for (const auto& c : truth) {
    const auto a = c["a"].get<Levels>(), b = c["b"].get<Levels>();
    const ContingencyTable table = contingency_table({.a = a, .b = b});
    const auto chi = chi_squared(table);
    const auto v = cramers_v(table);
    REQUIRE(chi);
    REQUIRE(v);
    CHECK(chi->statistic == doctest::Approx(c["statistic"].get<double>()).epsilon(1e-10));
    CHECK(std::abs(chi->p_value - c["p"].get<double>()) < 1e-10);
    CHECK(chi->degrees_of_freedom == c["dof"].get<std::int64_t>());
    CHECK(chi->least_expected == doctest::Approx(c["least_expected"].get<double>()).epsilon(1e-12));
    CHECK(v->plain == doctest::Approx(c["plain"].get<double>()).epsilon(1e-10));
    CHECK(std::abs(v->corrected - c["corrected"].get<double>()) < 1e-9);
  }
}

TEST_CASE("a table counts each unit once, leaves out the missing and says how many") {
  const Levels a = {0, 0, 1, -1, 2, 1}, b = {1, 1, 0, 0, -3, 1};
  const ContingencyTable table = contingency_table({.a = a, .b = b});
  CHECK(table.n_rows == 2);
  CHECK(table.n_columns == 2);
  CHECK(table.counts == std::vector<std::int64_t>{0, 2, 1, 1});
  CHECK(table.n == 4);
  CHECK(table.n_missing == 2);
  CHECK(contingency_table({}).n == 0);
  CHECK_THROWS_AS(contingency_table({.a = a, .b = std::span(b).first(3)}), InternalError);
}

TEST_CASE("one grouping that is the other has V = 1, unrelated ones have a corrected V of about 0") {
  Levels a, b, unrelated;
  Random random(1, "levels");
  double corrected = 0, plain = 0;
  for (int i = 0; i < 24; ++i) {
    a.push_back(i % 3);
    b.push_back(2 - i % 3);
  }
  const auto same = cramers_v(contingency_table({.a = a, .b = b}));
  CHECK(same->plain == doctest::Approx(1).epsilon(1e-12));
  CHECK(same->corrected == doctest::Approx(1).epsilon(1e-12));
  for (int draw = 0; draw < 200; ++draw) {
    unrelated = b;
    random.shuffle(std::span(unrelated));
    const auto v = cramers_v(contingency_table({.a = a, .b = unrelated}));
    plain += v->plain / 200;
    corrected += v->corrected / 200;
  }
  CHECK(plain > 0.2);
  CHECK(corrected < 0.12);
}

TEST_CASE("a grouping of one level is associated with nothing, and one of a level a unit says nothing") {
  const Levels one(6, 0), two = {0, 1, 0, 1, 0, 1}, six = {0, 1, 2, 3, 4, 5};
  CHECK_FALSE(chi_squared(contingency_table({.a = one, .b = two})));
  CHECK_FALSE(cramers_v(contingency_table({.a = one, .b = two})));
  CHECK_FALSE(cramers_v(contingency_table({})));
  CHECK(cramers_v(contingency_table({.a = six, .b = two}))->plain == 1);
  CHECK(cramers_v(contingency_table({.a = six, .b = two}))->corrected == 0);
}

TEST_CASE("levels that nobody has do not change the strength") {
  const Levels a = {0, 0, 1, 1, 1, 0, 0, 1}, b = {0, 0, 1, 1, 0, 0, 1, 1}, far = {0, 0, 7, 7, 0, 0, 7, 7};
  const auto near_by = cramers_v(contingency_table({.a = a, .b = b})), far_off = cramers_v(contingency_table({.a = a, .b = far}));
  CHECK(near_by->plain == far_off->plain);
  CHECK(near_by->corrected == far_off->corrected);
}

TEST_CASE("batches of one class each are nested in the class; a batch with both is named") {
  const Levels batch = {0, 0, 1, 1, 2, 4}, label = {0, 0, 1, 1, 0, 1};
  const Nestedness all = nestedness({.a = batch, .b = label});
  CHECK(all.nested());
  CHECK(all.n_levels == 4);
  CHECK(all.n_pure == 4);
  CHECK(all.n_single == 2);
  CHECK(all.n_units_pure == 6);
  const Nestedness back = nestedness({.a = label, .b = batch});
  CHECK_FALSE(back.nested());
  CHECK(back.mixed == Levels{0, 1});
  const Levels mixed = {0, 1, 1, 1, 0, 1};
  const Nestedness one = nestedness({.a = batch, .b = mixed});
  CHECK(one.mixed == Levels{0});
  CHECK(one.n_pure == 3);
  CHECK(one.n_units_pure == 4);
  CHECK_FALSE(nestedness({}).nested());
}
