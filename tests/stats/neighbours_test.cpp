// Neighbours, calls by neighbours and trustworthiness against scikit-learn, and what no processor and no thread count may change.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/association.h>
#include <cellverdict/stats/neighbours.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

std::vector<double> random_rows(std::int64_t n, std::uint64_t seed, double offset = 0) {
  Random random(seed, "rows");
  std::vector<double> out(static_cast<std::size_t>(n));
  for (double& x : out) x = offset + random.uniform();
  return out;
}

// All pairs in double precision, sorted.
Neighbours by_hand(const DenseFeatures& rows, std::int64_t k) {
  const auto n = static_cast<std::int64_t>(rows.values.size()) / rows.n_features;
  Neighbours out{.n_rows = n, .n_neighbours = k};
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<std::pair<double, std::int64_t>> all;
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::int64_t f = 0; f < rows.n_features; ++f)
        sum += std::pow(rows.values[i * rows.n_features + f] - rows.values[j * rows.n_features + f], 2);
      if (i != j) all.emplace_back(std::sqrt(sum), j);
    }
    std::sort(all.begin(), all.end());
    for (std::int64_t m = 0; m < k; ++m) {
      out.distance.push_back(all[m].first);
      out.index.push_back(all[m].second);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("neighbours, their distances and leave-one-out calls are scikit-learn's") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  for (const auto& c : (*all)["neighbours"]) {
    const auto x = c["x"].get<std::vector<double>>();
    const DenseFeatures rows{.values = x, .n_features = c["d"]};
    const Neighbours found = nearest_neighbours(
        rows, {.neighbours = c["k"], .distance = c["metric"] == "cosine" ? Distance::cosine : Distance::euclidean, .threads = 2});
    CHECK(found.index == c["index"].get<std::vector<std::int64_t>>());
    const auto distance = c["distance"].get<std::vector<double>>();
    REQUIRE(found.distance.size() == distance.size());
    double worst = 0;
    for (std::size_t i = 0; i < distance.size(); ++i) worst = std::max(worst, std::abs(found.distance[i] - distance[i]));
    CHECK(worst < 1e-9);
    auto calls = neighbour_calls(found, c["y"].get<std::vector<std::int32_t>>());
    const auto truth = c["calls"].get<std::vector<std::int32_t>>();
    calls.resize(truth.size());
    CHECK(calls == truth);
  }
}

TEST_CASE("rounding to single precision chooses no neighbour: points a millionth apart, far from 0, are told apart") {
  auto x = random_rows(400 * 6, 3);
  for (double& v : x) v = 1000 + v * 1e-5;
  const DenseFeatures rows{.values = x, .n_features = 6};
  const Neighbours found = nearest_neighbours(rows, {.neighbours = 9}), truth = by_hand(rows, 9);
  CHECK(found.index == truth.index);
  for (double& v : x) v = 1e30 * (v - 1000);
  CHECK(nearest_neighbours(rows, {.neighbours = 9}).index == truth.index);
}

TEST_CASE("any number of threads finds the same bytes") {
  const auto x = random_rows(333 * 17, 5);
  const DenseFeatures rows{.values = x, .n_features = 17};
  for (const Distance distance : {Distance::euclidean, Distance::cosine}) {
    const Neighbours one = nearest_neighbours(rows, {.neighbours = 12, .distance = distance, .threads = 1});
    const Neighbours five = nearest_neighbours(rows, {.neighbours = 12, .distance = distance, .threads = 5});
    CHECK(one.index == five.index);
    CHECK(one.distance == five.distance);
  }
}

TEST_CASE("of neighbours equally far the first comes first, and a copy of the row is one") {
  const std::vector<double> x = {0, 1, 0, -1, 1, 0};
  const Neighbours found = nearest_neighbours({.values = x, .n_features = 1}, {.neighbours = 3});
  CHECK(std::vector<std::int64_t>(found.index.begin(), found.index.begin() + 3) == std::vector<std::int64_t>{2, 5, 1});
  CHECK(std::vector<std::int64_t>(found.index.begin() + 3, found.index.begin() + 6) == std::vector<std::int64_t>{4, 0, 2});
  const std::vector<double> same(2000, 1.5);
  const Neighbours equal = nearest_neighbours({.values = same, .n_features = 2}, {.neighbours = 2});
  CHECK(equal.index[2 * 700] == 0);
  CHECK(equal.index[2 * 700 + 1] == 1);
  CHECK(equal.index[0] == 1);
}

TEST_CASE("rows of one group are no neighbours of each other") {
  const std::vector<double> x = {0, 0.1, 0.2, 5, 5.1};
  const std::vector<std::int32_t> group = {0, 0, 1, 2, -1};
  const Neighbours found = nearest_neighbours({.values = x, .n_features = 1}, {.neighbours = 4, .group = group});
  CHECK(std::vector<std::int64_t>(found.index.begin(), found.index.begin() + 4) == std::vector<std::int64_t>{2, 3, 4, -1});
  CHECK(std::isinf(found.distance[3]));
  CHECK(found.index[4 * 4] == 3);
  const std::vector<double> asked = {5};
  const std::vector<std::int32_t> asked_group = {2};
  const Neighbours other = nearest_neighbours({.values = asked, .n_features = 1}, {.values = x, .n_features = 1},
                                              {.neighbours = 2, .group = group, .asked_group = asked_group});
  CHECK(other.index == std::vector<std::int64_t>{4, 2});
}

TEST_CASE("by cosine a row of zeros is at distance 1 of all") {
  const std::vector<double> x = {0, 0, 1, 0, 2, 0.1, -1, 0};
  const Neighbours found = nearest_neighbours({.values = x, .n_features = 2}, {.neighbours = 3, .distance = Distance::cosine});
  CHECK(found.distance[0] == 1);
  CHECK(found.index[0] == 1);
  CHECK(found.index[3] == 2);
  CHECK(found.distance[5] == doctest::Approx(2));
}

TEST_CASE("neighbours without a label have no vote, and of equal votes the lower class wins") {
  const Neighbours near{.n_rows = 3, .n_neighbours = 2, .index = {1, 2, 0, 2, 0, -1}, .distance = {1, 1, 1, 1, 1, 1}};
  CHECK(neighbour_calls(near, std::vector<std::int32_t>{1, 0, -1}) == std::vector<std::int32_t>{0, 1, 1});
  CHECK(neighbour_calls(near, std::vector<std::int32_t>{2, 1, 0}) == std::vector<std::int32_t>{0, 0, 2});
  CHECK(neighbour_calls(near, std::vector<std::int32_t>{-1, -1, -1}) == std::vector<std::int32_t>{-1, -1, -1});
}

TEST_CASE("trustworthiness is scikit-learn's, and 1 for the rows themselves") {
  const auto* all = shared_truth_of("make_space_truth.py");
  if (all == nullptr) return;
  const auto x = (*all)["trust"]["x"].get<std::vector<double>>();
  std::vector<double> two;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i % 5 < 2) two.push_back(x[i]);
  const DenseFeatures rows{.values = x, .n_features = 5}, drawing{.values = two, .n_features = 2};
  CHECK(trustworthiness(rows, drawing, {.threads = 2}) == doctest::Approx((*all)["trust"]["value"].get<double>()).epsilon(1e-9));
  CHECK(trustworthiness(rows, rows) == 1);
  CHECK(std::abs(trustworthiness(rows, drawing, {.most_rows = 150}) - (*all)["trust"]["value"].get<double>()) < 0.03);
  CHECK_THROWS_AS(trustworthiness(rows, drawing, {.neighbours = 150}), DataError);
}

TEST_CASE("what cannot be measured is refused") {
  std::vector<double> x = {0, 1, 2, 3};
  CHECK_THROWS_AS(nearest_neighbours({.values = x, .n_features = 3}), InternalError);
  CHECK_THROWS_AS(nearest_neighbours({.values = x, .n_features = 2}, {.neighbours = 0}), InternalError);
  x[2] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(nearest_neighbours({.values = x, .n_features = 1}), DataError);
}
