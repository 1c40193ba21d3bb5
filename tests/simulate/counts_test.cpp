#include <cellverdict/simulate/counts.h>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

using namespace cellverdict;

namespace {

struct Moments {
  std::vector<double> mean, variance;
  double covariance = 0;  // of genes 0 and 1
};

Moments moments_of(const std::vector<double>& shares, double fano, double depth, int n_cells) {
  const AliasTable genes(shares);
  const ClusterSizes sizes(fano);
  const std::size_t n = shares.size();
  CellCounter cell(static_cast<std::int64_t>(n));
  Moments out{std::vector<double>(n), std::vector<double>(n)};
  double product = 0;
  for (int c = 0; c < n_cells; ++c) {
    Random random(5, "moments", {}, static_cast<std::uint64_t>(c));
    draw_counts(random, {genes, sizes, 0}, depth, cell);
    CsrBlock block;
    cell.move_into(block);
    std::vector<double> x(n);
    for (std::size_t i = 0; i < block.indices.size(); ++i) x[block.indices[i]] = block.values[i];
    for (std::size_t g = 0; g < n; ++g) {
      out.mean[g] += x[g] / n_cells;
      out.variance[g] += x[g] * x[g] / n_cells;
    }
    product += x[0] * x[1] / n_cells;
  }
  for (std::size_t g = 0; g < n; ++g) out.variance[g] -= out.mean[g] * out.mean[g];
  out.covariance = product - out.mean[0] * out.mean[1];
  return out;
}

}  // namespace

TEST_CASE("an alias table gives each index its probability") {
  const std::vector<double> shares = {0.5, 0.001, 0.299, 0.0, 0.2};
  const AliasTable table(shares);
  Random random(1);
  constexpr int n = 400000;
  std::vector<int> seen(shares.size());
  for (int i = 0; i < n; ++i) ++seen[table.draw(random)];
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double error = std::sqrt(shares[i] * (1 - shares[i]) / n);
    CHECK(std::abs(seen[i] / double(n) - shares[i]) <= 5 * error);
  }
}

TEST_CASE("cluster sizes follow the logarithmic distribution") {
  for (const double fano : {1.2, 2.0, 20.0}) {
    CAPTURE(fano);
    const ClusterSizes sizes(fano);
    const double p = 1 - 1 / fano;
    CHECK(sizes.mean() == doctest::Approx(-p / ((1 - p) * std::log(1 - p))).epsilon(1e-12));
    Random random(2);
    constexpr int n = 400000;
    double sum = 0, ones = 0;
    for (int i = 0; i < n; ++i) {
      const std::uint32_t size = sizes.draw(random);
      sum += size;
      ones += size == 1;
    }
    const double variance = sizes.mean() * (fano - sizes.mean());  // E L² = fano · E L
    CHECK(std::abs(sum / n - sizes.mean()) < 5 * std::sqrt(variance / n));
    const double one = p / std::log(fano);
    CHECK(std::abs(ones / n - one) < 5 * std::sqrt(one * (1 - one) / n));
  }
}

TEST_CASE("counts have the mean and variance of the negative binomial, and genes are independent") {
  const std::vector<double> shares = {0.4, 0.3, 0.2, 0.09, 0.01};
  constexpr int n = 100000;
  for (const double fano : {1.0, 1.5, 4.0}) {
    const double depth = 30;
    const Moments seen = moments_of(shares, fano, depth, n);
    for (std::size_t g = 0; g < shares.size(); ++g) {
      CAPTURE(fano);
      CAPTURE(g);
      const double mean = depth * shares[g], variance = fano * mean;
      CHECK(std::abs(seen.mean[g] - mean) < 5 * std::sqrt(variance / n));
      // Fourth central moment of NB(r, p) from its cumulants: k4 + 3 var², k4 = mean · fano · (6 fano² - 6 fano + 1).
      const double fourth = mean * fano * (6 * fano * fano - 6 * fano + 1) + 3 * variance * variance;
      CHECK(std::abs(seen.variance[g] - variance) < 5 * std::sqrt((fourth - variance * variance) / n));
    }
    CHECK(std::abs(seen.covariance) < 5 * fano * depth * std::sqrt(shares[0] * shares[1] / n));
  }
}

TEST_CASE("zeros are as frequent as the negative binomial says") {
  const double fano = 2.0, depth = 3;
  const std::vector<double> shares = {0.5, 0.5};
  const AliasTable genes(shares);
  const ClusterSizes sizes(fano);
  CellCounter cell(2);
  constexpr int n = 200000;
  int zeros = 0;
  for (int c = 0; c < n; ++c) {
    Random random(6, "zeros", {}, static_cast<std::uint64_t>(c));
    draw_counts(random, {genes, sizes, 0}, depth, cell);
    CsrBlock block;
    cell.move_into(block);
    zeros += block.indices.empty() || block.indices[0] != 0;
  }
  const double r = depth * 0.5 / (fano - 1), expected = std::pow(1 / fano, r);  // (1 - p)^r
  CHECK(std::abs(zeros / double(n) - expected) < 5 * std::sqrt(expected * (1 - expected) / n));
}

TEST_CASE("a cell comes out in gene order without zeros and leaves the counter empty") {
  CellCounter cell(200);
  cell.add(199, 1);
  cell.add(0, 2);
  cell.add(64, 3);
  cell.add(0, 5);
  CsrBlock block;
  cell.move_into(block);
  cell.move_into(block);
  CHECK(block.indices == std::vector<std::int32_t>{0, 64, 199});
  CHECK(block.values == std::vector<float>{7, 3, 1});
  CHECK(block.indptr == std::vector<std::int64_t>{0, 3, 3});
}
