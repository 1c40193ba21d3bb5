// Principal components and k-means against scikit-learn's; the same bytes for any thread count and any cut into blocks.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/k_means.h>
#include <cellverdict/stats/principal_components.h>
#include <cellverdict/stats/symmetric_eigen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

struct Block {
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
};

// A dense matrix as sparse rows in blocks of so many.
class Matrix {
 public:
  Matrix(const std::vector<double>& x, std::size_t width, std::size_t rows_a_block) : width_(width) {
    const std::size_t n = x.size() / width;
    for (std::size_t i = 0; i < n; ++i) {
      if (i % rows_a_block == 0) blocks_.emplace_back();
      Block& block = blocks_.back();
      for (std::size_t f = 0; f < width; ++f)
        if (x[i * width + f] != 0) {
          block.indices.push_back(static_cast<std::int32_t>(f));
          block.values.push_back(static_cast<float>(x[i * width + f]));
        }
      block.indptr.push_back(static_cast<std::int64_t>(block.indices.size()));
    }
    rows_.n_rows = static_cast<std::int64_t>(n);
    rows_.n_features = static_cast<std::int64_t>(width);
    rows_.read = [this](const std::function<void(const SparseFeatures&)>& see) {
      ++n_readings;
      for (std::size_t b = 0; b < blocks_.size(); ++b) see(features(b));
    };
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  const RowBlocks& rows() const { return rows_; }
  SparseFeatures features(std::size_t b) const {
    return {blocks_[b].indptr, blocks_[b].indices, blocks_[b].values, static_cast<std::int64_t>(width_)};
  }
  int n_readings = 0;

 private:
  std::size_t width_;
  std::vector<Block> blocks_;
  RowBlocks rows_;
};

std::vector<double> noise(std::size_t n, std::uint64_t seed) {
  Random random(seed, "noise");
  std::vector<double> out(n);
  for (double& x : out) x = random.below(3) == 0 ? random.uniform() : 0;
  return out;
}

}  // namespace

TEST_CASE("principal components are those of scikit-learn, signs aside") {
  const auto* truth = shared_truth_of("make_unsupervised_truth.py");
  if (truth == nullptr) return;
  for (const auto& [name, one] : (*truth)["pca"].items()) {
    CAPTURE(name);
    const auto x = one["x"].get<std::vector<double>>();
    const auto width = one["width"].get<std::size_t>();
    const auto variance = one["variance"].get<std::vector<double>>();
    const auto components = one["components"].get<std::vector<double>>();
    const auto scores = one["scores"].get<std::vector<double>>();
    const Matrix matrix(x, width, 64);
    const auto k = variance.size();
    const auto pca = fit_principal_components(matrix.rows(), {.components = static_cast<std::int64_t>(k), .steps = 80});
    REQUIRE(pca.n_components == static_cast<std::int64_t>(k));
    CHECK(pca.total_variance == doctest::Approx(one["total"].get<double>()).epsilon(1e-9));
    for (std::size_t c = 0; c < k; ++c) {
      CHECK(pca.explained_variance[c] == doctest::Approx(variance[c]).epsilon(1e-7));
      double cosine = 0, greatest = 0;
      for (std::size_t f = 0; f < width; ++f) {
        cosine += pca.components[f * k + c] * components[c * width + f];
        if (std::abs(pca.components[f * k + c]) > std::abs(greatest)) greatest = pca.components[f * k + c];
      }
      CHECK(std::abs(cosine) == doctest::Approx(1).epsilon(1e-6));
      CHECK(greatest > 0);
    }
    const auto projected = project_rows(pca, matrix.features(0));
    for (std::size_t i = 0; i < projected.size(); ++i) CHECK(std::abs(std::abs(projected[i]) - std::abs(scores[i])) < 1e-3);
  }
}

TEST_CASE("the few steps of the default are near enough where groups stand apart from noise") {
  const auto* truth = shared_truth_of("make_unsupervised_truth.py");
  if (truth == nullptr) return;
  const auto& one = (*truth)["pca"]["tall"];
  const Matrix matrix(one["x"].get<std::vector<double>>(), one["width"].get<std::size_t>(), 100);
  const auto pca = fit_principal_components(matrix.rows(), {.components = 6});
  for (std::size_t c = 0; c < 6; ++c)
    CHECK(pca.explained_variance[c] == doctest::Approx(one["variance"][c].get<double>()).epsilon(1e-3));
  CHECK(matrix.n_readings == 9);  // mean, seven steps, result
}

TEST_CASE("principal components do not depend on threads or on the cut into blocks") {
  const auto x = noise(150 * 40, 5);
  const Matrix coarse(x, 40, 150), fine(x, 40, 7);
  const auto one = fit_principal_components(coarse.rows(), {.components = 5, .threads = 1});
  const auto other = fit_principal_components(fine.rows(), {.components = 5, .threads = 3});
  CHECK(one.components == other.components);
  CHECK(one.explained_variance == other.explained_variance);
  CHECK(project_rows(one, coarse.features(0), 1) == project_rows(one, coarse.features(0), 4));
}

TEST_CASE("rows that span fewer directions than asked for give fewer components") {
  std::vector<double> x;  // all on one line
  for (int i = 0; i < 20; ++i)
    for (const double f : {1.0, 2.0, 0.0}) x.push_back(f * i);
  const Matrix matrix(x, 3, 8);
  const auto pca = fit_principal_components(matrix.rows(), {.components = 3});
  CHECK(pca.n_components == 1);
  CHECK(pca.explained_variance[0] == doctest::Approx(pca.total_variance));
  CHECK(pca.components[1] == doctest::Approx(2 / std::sqrt(5.0)));
}

TEST_CASE("components of what cannot have any are refused") {
  const Matrix one_row({1, 2}, 2, 1), damaged({1, 2, std::numeric_limits<double>::infinity(), 4}, 2, 2), fine({1, 2, 3, 5}, 2, 2);
  CHECK_THROWS_AS(fit_principal_components(one_row.rows()), DataError);
  CHECK_THROWS_AS(fit_principal_components(damaged.rows()), DataError);
  CHECK_THROWS_AS(fit_principal_components(fine.rows(), {.components = 0}), InternalError);
  RowBlocks short_of_one = fine.rows();
  ++short_of_one.n_rows;
  CHECK_THROWS_AS(fit_principal_components(short_of_one), InternalError);
}

TEST_CASE("eigenvalues of a small matrix are right") {
  const auto [values, vectors] = symmetric_eigen({2, 1, 0, 1, 2, 0, 0, 0, 5}, 3);
  CHECK(values[0] == doctest::Approx(5).epsilon(1e-14));
  CHECK(values[1] == doctest::Approx(3).epsilon(1e-14));
  CHECK(values[2] == doctest::Approx(1).epsilon(1e-14));
  CHECK(std::abs(vectors[0 * 3 + 1]) == doctest::Approx(std::sqrt(0.5)));
  CHECK(vectors[0 * 3 + 2] == doctest::Approx(-vectors[1 * 3 + 2]));
}

TEST_CASE("k-means finds the groups of scikit-learn where they stand apart, and as little inertia where they do not") {
  const auto* truth = shared_truth_of("make_unsupervised_truth.py");
  if (truth == nullptr) return;
  for (const auto& [name, one] : (*truth)["kmeans"].items()) {
    CAPTURE(name);
    const auto points = one["points"].get<std::vector<double>>();
    const DenseFeatures features{points, one["width"].get<std::int64_t>()};
    const auto found = fit_k_means(features, {.clusters = one["k"].get<std::int64_t>()});
    CHECK(found.converged);
    CHECK(found.inertia <= 1.01 * one["inertia"].get<double>());
    if (name == "overlapping") {
      CHECK(found.inertia > 0.9 * one["inertia"].get<double>());
      continue;
    }
    CHECK(found.inertia == doctest::Approx(one["inertia"].get<double>()).epsilon(1e-9));
    std::set<std::pair<std::int32_t, int>> pairs;
    for (std::size_t i = 0; i < found.cluster.size(); ++i) pairs.insert({found.cluster[i], one["labels"][i].get<int>()});
    CHECK(pairs.size() == one["k"].get<std::size_t>());  // one name here for one name there
    CHECK(nearest_centres(found, features) == found.cluster);
  }
}

TEST_CASE("k-means gives the same bytes for any thread count, and other seeds may differ only in the clusters") {
  const auto points = noise(600 * 3, 8);
  const DenseFeatures features{points, 3};
  const auto one = fit_k_means(features, {.clusters = 6, .starts = 3, .threads = 1});
  const auto four = fit_k_means(features, {.clusters = 6, .starts = 3, .threads = 4});
  CHECK(one.centres == four.centres);
  CHECK(one.cluster == four.cluster);
  CHECK(one.inertia == four.inertia);
  CHECK(one.cluster[0] == 0);  // numbered by their first point
}

TEST_CASE("fewer distinct points than clusters are as many clusters as points") {
  const std::vector<double> points = {0, 0, 5, 5, 0, 0, 5, 5, 9, 9};
  const auto found = fit_k_means({points, 2}, {.clusters = 4});
  CHECK(found.n_clusters == 3);
  CHECK(found.cluster == std::vector<std::int32_t>{0, 1, 0, 1, 2});
  CHECK(found.inertia == 0);
  const std::vector<double> none, damaged = {1, std::nan("")};
  CHECK_THROWS_AS(fit_k_means({none, 2}), DataError);
  CHECK_THROWS_AS(fit_k_means({damaged, 1}), DataError);
  CHECK_THROWS_AS(fit_k_means({points, 3}), InternalError);
  CHECK_THROWS_AS(fit_k_means({points, 2}, {.clusters = 0}), InternalError);
}
