// Logistic regression against scikit-learn's, dense, wide and sparse; the same minimum by every way; and the same bytes.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/logistic.h>
#include <cellverdict/stats/minimise.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

struct Sparse {
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  SparseFeatures features(std::int64_t n_features) const {
    return {.indptr = indptr, .indices = indices, .values = values, .n_features = n_features};
  }
};

Sparse sparse_of(const std::vector<double>& x, std::size_t width) {
  Sparse out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != 0) {
      out.indices.push_back(static_cast<std::int32_t>(i % width));
      out.values.push_back(static_cast<float>(x[i]));
    }
    if ((i + 1) % width == 0) out.indptr.push_back(static_cast<std::int64_t>(out.indices.size()));
  }
  return out;
}

double greatest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

// Two classes that overlap.
struct Toy {
  explicit Toy(std::size_t n, std::size_t width) {
    Random random(2, "toy");
    for (std::size_t i = 0; i < n; ++i) {
      truth.push_back(static_cast<std::int32_t>(i % 2));
      for (std::size_t f = 0; f < width; ++f)
        x.push_back(random.below(4) == 0 ? 1 + random.uniform() + 0.5 * static_cast<double>(i % 2 * (f % 2)) : 0);
    }
    features = {.values = x, .n_features = static_cast<std::int64_t>(width)};
  }
  std::vector<double> x;
  std::vector<std::int32_t> truth;
  DenseFeatures features;
};

}  // namespace

TEST_CASE("probabilities are scikit-learn's, on the rows fitted and on new ones, dense and sparse") {
  const auto truth = truth_of("make_logistic_truth.py");
  if (!truth) return;
  REQUIRE(truth->size() == 51);
  for (const auto& c : *truth) {
    const auto name = c["name"].get<std::string>();
    CAPTURE(name);
    const auto n = c["n"].get<std::size_t>(), p = c["p"].get<std::size_t>();
    const auto k = c["k"].get<std::int64_t>();
    const auto x = c["x"].get<std::vector<double>>(), expected = c["probability"].get<std::vector<double>>();
    const auto classes = c["truth"].get<std::vector<std::int32_t>>();
    const LogisticOptions options{.c = c["c"].get<double>(),
                                  .class_weights = c["balanced"].get<bool>() ? ClassWeights::balanced : ClassWeights::equal};
    const auto width = static_cast<std::int64_t>(p);
    const DenseFeatures fitted{.values = std::span(x).first(n * p), .n_features = width};
    const FeatureRows all = rows_of(DenseFeatures{.values = x, .n_features = width});
    const LogisticModel dense = fit_logistic(fitted, classes, k, options);
    CHECK(dense.converged);
    CHECK(greatest_difference(apply_logistic(dense, all), expected) < 1e-5);
    CHECK(dense.n_iterations < 300);

    const std::vector<double> own(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n * p));
    const Sparse sparse = sparse_of(own, p);
    const LogisticModel of_sparse = fit_logistic(rows_of(sparse.features(width)), classes, k, options);
    CHECK(of_sparse.converged);
    CHECK(greatest_difference(apply_logistic(of_sparse, all), expected) < 1e-5);
    CHECK(of_sparse.objective == doctest::Approx(dense.objective).epsilon(1e-7));
  }
}

TEST_CASE("the search over inner products ends where the search over features does") {
  const Toy toy(30, 90);
  for (const double c : {0.01, 1.0, 50.0}) {
    const LogisticModel wide = fit_logistic(toy.features, toy.truth, 2, {.c = c});
    const LogisticModel plain = fit_logistic(rows_of(toy.features), toy.truth, 2, {.c = c});
    CHECK(wide.converged);
    CHECK(plain.converged);
    CHECK(wide.weights.size() == 90);
    CHECK(wide.objective == doctest::Approx(plain.objective).epsilon(1e-9));
    CHECK(greatest_difference(wide.weights, plain.weights) < 1e-5);
    CHECK(std::abs(wide.intercepts[0] - plain.intercepts[0]) < 1e-4);
  }
}

TEST_CASE("rows given twice, and features that never vary, do not disturb the wide search") {
  Toy toy(12, 40);
  std::copy(toy.x.begin(), toy.x.begin() + 40, toy.x.begin() + 80);  // row 2 is row 0, of the same class
  for (std::size_t i = 0; i < 12; ++i) toy.x[i * 40 + 7] = 3;
  const LogisticModel model = fit_logistic(toy.features, toy.truth, 2);
  CHECK(model.converged);
  CHECK(std::abs(model.weights[7]) < 1e-9);
  const auto p = apply_logistic(model, rows_of(toy.features));
  CHECK(p[1] == p[5]);
  const std::vector<double> alike(12 * 40, 2.5);
  const LogisticModel prior = fit_logistic(DenseFeatures{.values = alike, .n_features = 40}, toy.truth, 2);
  CHECK(apply_logistic(prior, rows_of(toy.features))[0] == doctest::Approx(0.5));
}

TEST_CASE("any number of threads gives the same bytes") {
  const Toy toy(3000, 30);
  const Sparse sparse = sparse_of(toy.x, 30);
  const FeatureRows rows = rows_of(sparse.features(30));
  const LogisticModel one = fit_logistic(rows, toy.truth, 2);
  for (const int threads : {2, 3, 7}) {
    const LogisticModel other = fit_logistic(rows, toy.truth, 2, {.threads = threads});
    CHECK(other.weights == one.weights);
    CHECK(other.intercepts == one.intercepts);
    CHECK(apply_logistic(other, rows, threads) == apply_logistic(one, rows));
  }
}

TEST_CASE("a stronger penalty gives smaller weights, and none of it reaches the intercept") {
  const Toy toy(60, 10);
  const auto length = [&](double c) {
    double squares = 0;
    for (const double w : fit_logistic(toy.features, toy.truth, 2, {.c = c}).weights) squares += w * w;
    return squares;
  };
  CHECK(length(0.01) < length(1));
  CHECK(length(1) < length(100));
  std::vector<std::int32_t> rare(60, 0);
  for (std::size_t i = 0; i < 6; ++i) rare[i] = 1;
  const LogisticModel model = fit_logistic(toy.features, rare, 2, {.c = 1e-9});
  CHECK(apply_logistic(model, rows_of(toy.features))[1] == doctest::Approx(0.1).epsilon(1e-4));
  const LogisticModel balanced = fit_logistic(toy.features, rare, 2, {.c = 1e-9, .class_weights = ClassWeights::balanced});
  CHECK(apply_logistic(balanced, rows_of(toy.features))[1] == doctest::Approx(0.5).epsilon(1e-4));
}

TEST_CASE("what cannot be fitted is refused, and a search that is cut short says so") {
  Toy toy(20, 3);
  const FeatureRows rows = rows_of(toy.features);
  CHECK_FALSE(fit_logistic(rows, toy.truth, 2, {.max_iterations = 1}).converged);
  CHECK_THROWS_AS(fit_logistic(rows, std::vector<std::int32_t>(20, 1), 2), DataError);
  CHECK_THROWS_AS(fit_logistic(rows, std::vector<std::int32_t>(20, 2), 2), InternalError);
  CHECK_THROWS_AS(fit_logistic(rows, std::vector<std::int32_t>(19, 1), 2), InternalError);
  CHECK_THROWS_AS(fit_logistic(rows, toy.truth, 2, {.c = 0}), InternalError);
  CHECK_THROWS_AS(rows_of(DenseFeatures{.values = toy.x, .n_features = 7}), InternalError);
  const LogisticModel model = fit_logistic(rows, toy.truth, 2);
  const std::vector<double> narrow = {1, 2};
  CHECK_THROWS_AS(apply_logistic(model, rows_of(DenseFeatures{.values = narrow, .n_features = 2})), InternalError);
  Sparse broken = sparse_of(toy.x, 3);
  broken.indices[0] = 3;
  CHECK_THROWS_AS(rows_of(broken.features(3)), InternalError);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    toy.x[4] = bad;
    CHECK_THROWS_AS(fit_logistic(rows, toy.truth, 2), DataError);
    CHECK_THROWS_AS(apply_logistic(model, rows), DataError);
    Toy wide(4, 9);
    wide.x[4] = bad;
    CHECK_THROWS_AS(fit_logistic(wide.features, wide.truth, 2), DataError);
  }
}

TEST_CASE("the search finds the floor of a long curved valley of known depth") {
  // Σ λ (x − 1)² / 2 with λ over six orders, and a quartic on top.
  const auto valley = [](std::span<const double> x, std::span<double> gradient) {
    double value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double weight = std::pow(10, static_cast<double>(i) - 3), off = x[i] - 1;
      value += weight * (off * off / 2 + off * off * off * off);
      gradient[i] = weight * (off + 4 * off * off * off);
    }
    return value;
  };
  const Minimum found = minimise(valley, std::vector<double>(7, -4), {.tolerance = 1e-10});
  CHECK(found.converged);
  for (const double x : found.x) CHECK(std::abs(x - 1) < 1e-6);
  CHECK_THROWS_AS(minimise([](auto, auto) { return std::nan(""); }, {1.0}), DataError);
}
