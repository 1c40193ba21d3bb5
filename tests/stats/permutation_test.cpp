// Deals that keep what they must, counts of deals by hand and by listing them, and p-values that are never zero.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/permutation.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace cellverdict;

using Labels = std::vector<std::int32_t>;

TEST_CASE("a deal moves labels between units of a stratum and never out of it") {
  const Labels label = {0, 1, 0, 1, 1, 2, 2, 0, 0, 1}, stratum = {5, 5, 5, 5, -2, -2, -2, -2, -2, 9};
  std::set<Labels> seen;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const Labels dealt = permuted_labels({.label = label, .stratum = stratum}, 7, number);
    std::map<std::int32_t, std::multiset<std::int32_t>> before, after;
    for (std::size_t u = 0; u < label.size(); ++u) {
      before[stratum[u]].insert(label[u]);
      after[stratum[u]].insert(dealt[u]);
    }
    CHECK(before == after);
    CHECK(dealt == permuted_labels({.label = label, .stratum = stratum}, 7, number));
    seen.insert(dealt);
  }
  CHECK(seen.size() > 80);  // of 6 · 30 · 1
  CHECK(permuted_labels({.label = label, .stratum = stratum}, 8, 0) != permuted_labels({.label = label, .stratum = stratum}, 7, 0));
}

TEST_CASE("every deal of a few units comes up about equally often, and as many as are counted") {
  const Labels label = {0, 0, 1, 1, 0, 1}, stratum = {0, 0, 0, 0, 1, 1};
  std::map<Labels, int> seen;
  for (std::uint64_t number = 0; number < 12000; ++number) ++seen[permuted_labels({.label = label, .stratum = stratum}, 1, number)];
  CHECK(count_permutations({.label = label, .stratum = stratum}).exact == "12");  // 4 over 2, times 2
  REQUIRE(seen.size() == 12);
  for (const auto& [deal, times] : seen) {
    CHECK(times > 850);
    CHECK(times < 1150);
  }
}

TEST_CASE("the number of deals is exact however great it is") {
  CHECK(count_permutations({.label = Labels{0, 0, 0, 1, 1, 1}}).exact == "20");
  CHECK(count_permutations({.label = Labels{0, 1, 2}}).exact == "6");
  CHECK(count_permutations({.label = Labels{4, 4, 4}}).exact == "1");
  CHECK(count_permutations({.label = Labels{4, 4, 4}}).log10 == 0);
  CHECK(count_permutations({}).exact == "1");
  Labels many(100, 0);
  std::fill_n(many.begin(), 50, 1);
  const PermutationCount count = count_permutations({.label = many});
  CHECK(count.exact == "100891344545564193334812497256");  // 100 over 50
  CHECK(count.log10 == doctest::Approx(std::log10(1.00891344545564193e29)).epsilon(1e-12));
  const Labels pairs = {0, 1, 0, 1, 0, 1, 0, 1}, pair = {0, 0, 1, 1, 2, 2, 3, 3};
  CHECK(count_permutations({.label = pairs, .stratum = pair}).exact == "16");
  CHECK_THROWS_AS(count_permutations({.label = pairs, .stratum = Labels{0}}), InternalError);
}

TEST_CASE("p cannot be smaller than the deals there are or the deals made allow") {
  const PermutationCount twenty = count_permutations({.label = Labels{0, 0, 0, 1, 1, 1}});
  CHECK(smallest_p(1000, twenty) == doctest::Approx(0.05).epsilon(1e-12));
  CHECK(smallest_p(9, twenty) == 0.1);
}

TEST_CASE("p counts the observed deal among the deals and is never zero") {
  const std::vector<double> deals = {0.2, 0.5, 0.7, 0.9};
  CHECK(permutation_test(0.95, deals).p_value == 0.2);
  CHECK(permutation_test(0.7, deals).p_value == 0.6);
  CHECK(permutation_test(0.7, deals).n_as_great == 2);
  CHECK(permutation_test(0.7 + 1e-14, deals).n_as_great == 2);  // the same sum in another order
  CHECK(permutation_test(0.1, deals).p_value == 1);
  CHECK(permutation_test(0.1, {}).p_value == 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(permutation_test(nan, deals), DataError);
  CHECK_THROWS_AS(permutation_test(0.1, std::vector<double>{nan}), DataError);
}
