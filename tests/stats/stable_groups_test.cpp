// Groups that are there are found again in samples; in a cloud without groups agreement says so.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/stable_groups.h>
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace cellverdict;

namespace {

// `groups` corners of a square, `apart` from each other.
std::vector<double> corners(std::int64_t n, int groups, double apart) {
  Random random(9, "corners");
  std::vector<double> out;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto group = static_cast<int>(i % groups);
    out.push_back(random.uniform() + (group % 2) * apart);
    out.push_back(random.uniform() + (group / 2) * apart);
  }
  return out;
}

}  // namespace

TEST_CASE("four groups that lie apart are found as four, again in every sample") {
  const auto x = corners(80, 4, 6);
  const StableGroups found = find_stable_groups({.values = x, .n_features = 2});
  CHECK(found.counts[found.chosen].n_groups == 4);
  CHECK(found.counts[found.chosen].between_samples == doctest::Approx(1));
  CHECK(found.counts[found.chosen].smallest == 20);
  CHECK(found.counts[found.chosen].within < 0.05);
  for (std::size_t i = 0; i < 80; ++i) CHECK(found.groups.cluster[i] == found.groups.cluster[i % 4]);
}

TEST_CASE("cuts through one cloud agree less than groups do") {
  const auto x = corners(90, 1, 0);
  for (const auto& count : find_stable_groups({.values = x, .n_features = 2}).counts)
    if (count.n_groups >= 3) CHECK(count.between_samples < 0.95);
}

TEST_CASE("any number of threads gives the same agreement") {
  const auto x = corners(60, 3, 2);
  const StableGroups one = find_stable_groups({.values = x, .n_features = 2}, {.threads = 1}),
                     three = find_stable_groups({.values = x, .n_features = 2}, {.threads = 3});
  CHECK(one.groups.cluster == three.groups.cluster);
  for (std::size_t i = 0; i < one.counts.size(); ++i) CHECK(one.counts[i].between_samples == three.counts[i].between_samples);
}

TEST_CASE("too few points, and points that are all alike, have no groups") {
  const auto few = corners(9, 2, 5);
  CHECK_THROWS_AS(find_stable_groups({.values = few, .n_features = 2}), DataError);
  const std::vector<double> alike(40, 1.0);
  CHECK_THROWS_AS(find_stable_groups({.values = alike, .n_features = 2}), DataError);
  CHECK(find_stable_groups({.values = corners(20, 2, 5), .n_features = 2}).counts.back().n_groups == 4);
}
