// The net with one hidden layer: its objective is scikit-learn's, its search ends as low, more features than rows change nothing.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/perceptron.h>
#include <cellverdict/stats/row_span.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

struct Toy {
  Toy(std::size_t n, std::size_t width, std::uint64_t seed = 1) {
    Random random(seed, "perceptron toy");
    for (std::size_t i = 0; i < n; ++i) {
      truth.push_back(static_cast<std::int32_t>(i % 2));
      for (std::size_t f = 0; f < width; ++f) x.push_back(random.uniform() - 0.5 + (f < 2 ? 0.6 * static_cast<double>(i % 2) : 0));
    }
    features = {.values = x, .n_features = static_cast<std::int64_t>(width)};
  }
  std::vector<double> x;
  std::vector<std::int32_t> truth;
  DenseFeatures features;
};

double greatest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

}  // namespace

TEST_CASE("loss and gradient at given parameters are those of scikit-learn's MLPClassifier, weighted or not") {
  const auto* truth = shared_truth_of("make_perceptron_truth.py");
  if (truth == nullptr) return;
  REQUIRE(truth->size() == 4);
  for (const auto& c : *truth) {
    const auto x = c["x"].get<std::vector<double>>(), weights = c["weights"].get<std::vector<double>>(),
               parameters = c["parameters"].get<std::vector<double>>(), expected = c["gradient"].get<std::vector<double>>();
    const auto classes = c["truth"].get<std::vector<std::int32_t>>();
    const auto k = c["k"].get<std::int64_t>();
    CAPTURE(k);
    CAPTURE(weights.size());
    const PerceptronShape shape{
        .n_features = c["p"].get<std::int64_t>(), .width = c["width"].get<std::int64_t>(), .n_outputs = k == 2 ? 1 : k};
    REQUIRE(std::ssize(parameters) == shape.n_parameters());
    const PerceptronRows rows{.features = {.values = x, .n_features = shape.n_features}, .truth = classes, .row_weights = weights};
    std::vector<double> gradient(parameters.size());
    const double loss = perceptron_objective(shape, rows, c["alpha"].get<double>(), parameters, gradient);
    CHECK(loss == doctest::Approx(c["loss"].get<double>()).epsilon(1e-12));
    CHECK(greatest_difference(gradient, expected) < 1e-12);
    PerceptronModel model{
        .n_classes = k, .classes = {}, .shape = shape, .parameters = parameters, .rows = {}, .n_features = shape.n_features};
    for (std::int32_t i = 0; i < k; ++i) model.classes.push_back(i);
    CHECK(greatest_difference(apply_perceptron(model, rows.features), c["probability"].get<std::vector<double>>()) < 1e-12);
  }
}

TEST_CASE("the search ends about as low as scikit-learn's best of ten starts") {
  const auto* truth = shared_truth_of("make_perceptron_truth.py");
  if (truth == nullptr) return;
  for (const auto& c : *truth) {
    const auto x = c["x"].get<std::vector<double>>(), weights = c["weights"].get<std::vector<double>>();
    const auto classes = c["truth"].get<std::vector<std::int32_t>>();
    double best = std::numeric_limits<double>::infinity();
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const PerceptronModel model =
          fit_perceptron({.values = x, .n_features = c["p"].get<std::int64_t>()}, classes, c["k"].get<std::int64_t>(),
                         {.width = c["width"].get<std::int64_t>(),
                          .penalty = c["alpha"].get<double>(),
                          .row_weights = weights,
                          .seed = seed,
                          .max_iterations = 5000});
      best = std::min(best, model.objective);
    }
    CHECK(best < 1.02 * c["best"].get<double>());
  }
}

TEST_CASE("rows of more features than there are of them: the span holds the minimum, and new rows are answered by it") {
  // The same rows with features repeated: a net on 40 of them is one on 4, penalised a tenth as much per copy.
  const Toy small(24, 4);
  std::vector<double> wide;
  for (std::size_t i = 0; i < 24; ++i)
    for (std::size_t copy = 0; copy < 10; ++copy)
      for (std::size_t f = 0; f < 4; ++f) wide.push_back(small.x[4 * i + f] / std::sqrt(10.0));
  const DenseFeatures repeated{.values = wide, .n_features = 40};
  const RowCoordinates span = row_coordinates(repeated);
  CHECK(span.rank() == 4);
  CHECK(greatest_difference(coordinates_in_span(span, repeated, repeated), span.values) < 1e-12);
  double narrow_best = 1e9, wide_best = 1e9;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    narrow_best = std::min(narrow_best, fit_perceptron(small.features, small.truth, 2, {.width = 6, .seed = seed}).objective);
    wide_best = std::min(wide_best, fit_perceptron(repeated, small.truth, 2, {.width = 6, .seed = seed}).objective);
  }
  CHECK(wide_best == doctest::Approx(narrow_best).epsilon(0.01));
  const PerceptronModel model = fit_perceptron(repeated, small.truth, 2, {.width = 6});
  REQUIRE(model.shape.n_features == 4);
  const auto said = apply_perceptron(model, repeated);
  double right = 0;
  for (std::size_t i = 0; i < 24; ++i) right += (said[2 * i + 1] > 0.5) == (small.truth[i] == 1) ? 1 : 0;
  CHECK(right >= 18);
}

TEST_CASE("a row that weighs twice is two rows, and classes that training lacks get no probability") {
  const Toy toy(20, 3);
  std::vector<double> twice = toy.x;
  twice.insert(twice.end(), toy.x.begin(), toy.x.begin() + 3);
  std::vector<std::int32_t> truth = toy.truth, later;
  truth.push_back(toy.truth[0]);
  std::vector<double> weights(20, 1);
  weights[0] = 2;
  const PerceptronModel weighted = fit_perceptron(toy.features, toy.truth, 2, {.width = 4, .row_weights = weights});
  const PerceptronModel repeated = fit_perceptron({.values = twice, .n_features = 3}, truth, 2, {.width = 4});
  CHECK(weighted.objective == doctest::Approx(repeated.objective).epsilon(1e-6));
  for (const std::int32_t c : toy.truth) later.push_back(2 * c);
  const auto said = apply_perceptron(fit_perceptron(toy.features, later, 3, {.width = 4}), toy.features);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(said[3 * i + 1] == 0);
    CHECK(said[3 * i] + said[3 * i + 2] == doctest::Approx(1));
  }
}

TEST_CASE("the same seed gives the same net for any number of threads; gaps and a single class are refused") {
  const Toy toy(16, 40);
  const auto fit = [&](int threads) {
    return fit_perceptron(toy.features, toy.truth, 2, {.width = 8, .threads = threads}).parameters;
  };
  CHECK(fit(1) == fit(3));
  CHECK(fit(1) != fit_perceptron(toy.features, toy.truth, 2, {.width = 8, .seed = 43}).parameters);
  Toy broken(16, 40);
  broken.x[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(fit_perceptron({.values = broken.x, .n_features = 40}, broken.truth, 2), DataError);
  CHECK_THROWS_AS(fit_perceptron(toy.features, std::vector<std::int32_t>(16, 0), 2), DataError);
}
