// UMAP against umap-learn: its curve, its graph, and drawings as trustworthy as its own.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/umap.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

const nlohmann::json& truth() {
  static const nlohmann::json kept = nlohmann::json::parse(std::ifstream(truth_folder() / "umap_truth.json"));
  return kept;
}

std::vector<double> two_groups(std::int64_t n, double apart) {
  Random random(4, "groups");
  std::vector<double> out;
  for (std::int64_t i = 0; i < n; ++i)
    for (int f = 0; f < 3; ++f) out.push_back(random.uniform() + (i % 2 == 0 ? 0 : apart));
  return out;
}

}  // namespace

TEST_CASE("the curve of memberships in a drawing is umap-learn's") {
  for (const auto& c : truth()["curves"]) {
    const UmapCurve curve = fit_umap_curve(c["min_dist"], c["spread"]);
    CHECK(curve.a == doctest::Approx(c["ab"][0].get<double>()).epsilon(1e-4));
    CHECK(curve.b == doctest::Approx(c["ab"][1].get<double>()).epsilon(1e-4));
  }
  CHECK_THROWS_AS(fit_umap_curve(2, 1), InternalError);
}

TEST_CASE("who belongs to whom, and how strongly, is umap-learn's") {
  const auto& c = truth()["graph"];
  const auto x = c["x"].get<std::vector<double>>();
  const FuzzyGraph graph = fuzzy_graph(nearest_neighbours({.values = x, .n_features = c["d"]}, {.neighbours = 14}), 15);
  CHECK(graph.indptr == c["indptr"].get<std::vector<std::int64_t>>());
  CHECK(graph.indices == c["indices"].get<std::vector<std::int64_t>>());
  const auto weights = c["weights"].get<std::vector<double>>();
  REQUIRE(weights.size() == graph.weights.size());
  double worst = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) worst = std::max(worst, std::abs(weights[i] - graph.weights[i]));
  CHECK(worst < 1e-4);
}

TEST_CASE("a drawing is as trustworthy as umap-learn's, within 0.02") {
  for (const auto& c : truth()["cases"]) {
    const auto x = c["x"].get<std::vector<double>>();
    const DenseFeatures rows{.values = x, .n_features = c["d"]};
    const auto theirs = c["trust"].get<std::vector<double>>();
    const double mean = std::accumulate(theirs.begin(), theirs.end(), 0.0) / static_cast<double>(theirs.size());
    double ours = 0;
    for (const std::uint64_t seed : {1, 2, 3})
      ours += trustworthiness(rows, {.values = fit_umap(rows, {.seed = seed}).places, .n_features = 2}, {.neighbours = 15}) / 3;
    CAPTURE(mean);
    CHECK(ours > mean - 0.02);
  }
}

TEST_CASE("a drawing has the same bytes for any number of threads, and others for another seed") {
  const auto x = two_groups(150, 1);
  const DenseFeatures rows{.values = x, .n_features = 3};
  const Umap one = fit_umap(rows, {.epochs = 60, .threads = 1});
  CHECK(one.places == fit_umap(rows, {.epochs = 60, .threads = 4}).places);
  CHECK(one.places != fit_umap(rows, {.epochs = 60, .seed = 43}).places);
  CHECK(fit_umap(rows, {.dimensions = 3, .epochs = 20}).places.size() == 450);
}

TEST_CASE("a graph in pieces starts from principal components, and the pieces stay apart") {
  const auto x = two_groups(120, 100);
  const Umap drawn = fit_umap({.values = x, .n_features = 3}, {});
  CHECK(drawn.n_pieces == 2);
  CHECK(drawn.start == "principal components");
  const Neighbours near = nearest_neighbours({.values = drawn.places, .n_features = 2}, {.neighbours = 5});
  for (std::int64_t i = 0; i < 120; ++i)
    for (int k = 0; k < 5; ++k) CHECK(near.index[i * 5 + k] % 2 == i % 2);
}

TEST_CASE("the spectral start is made of eigenvectors: two groups on a thread lie on two sides") {
  FuzzyGraph graph{.indptr = {0}};
  for (std::int64_t i = 0; i < 40; ++i) {  // two rings of 20, joined by one edge
    std::vector<std::int64_t> others = {i / 20 * 20 + (i + 1) % 20, i / 20 * 20 + (i + 19) % 20};
    if (i == 0) others.push_back(20);
    if (i == 20) others.push_back(0);
    std::sort(others.begin(), others.end());
    for (const std::int64_t j : others) {
      graph.indices.push_back(j);
      graph.weights.push_back(1);
    }
    graph.indptr.push_back(std::ssize(graph.indices));
  }
  CHECK(count_pieces(graph) == 1);
  const auto start = spectral_start(graph, 2, 1);
  for (std::size_t i = 1; i < 20; ++i) {
    CHECK(start[2 * i] * start[0] > 0);
    CHECK(start[2 * (20 + i)] * start[0] < 0);
  }
}

TEST_CASE("few rows, equal rows and rows that are no numbers do not stop it without a word") {
  const std::vector<double> few = {0, 1, 2, 3, 4, 5}, equal(60, 2.0), three = {1, 2, 3};
  for (const double x : fit_umap({.values = few, .n_features = 1}).places) CHECK(std::isfinite(x));
  for (const double x : fit_umap({.values = equal, .n_features = 2}).places) CHECK(std::isfinite(x));
  CHECK_THROWS_AS(fit_umap({.values = three, .n_features = 1}), DataError);
  const std::vector<double> bad = {0, 1, 2, 3, std::nan(""), 5};
  CHECK_THROWS_AS(fit_umap({.values = bad, .n_features = 1}), DataError);
}
