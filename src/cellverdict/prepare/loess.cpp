#include <cellverdict/prepare/loess.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

struct Vertex {
  double x = 0, value = 0, slope = 0;
};

// Points sorted by x.
struct Points {
  std::vector<double> x, y;
};

// Cuts a cell with points [begin, end) at the median x until it holds few enough; equal x never fall on both sides of a cut.
void cut_cell(const Points& points, std::size_t begin, std::size_t end, double left, double right, std::size_t most,
              std::vector<double>& cuts) {
  if (end - begin <= most) return;
  std::size_t middle = begin + (end - begin - 1) / 2;
  while (middle > begin && points.x[middle - 1] == points.x[middle]) --middle;
  const double cut = points.x[middle];
  if (cut <= left || cut >= right) return;
  cuts.push_back(cut);
  cut_cell(points, begin, middle + 1, left, cut, most, cuts);
  cut_cell(points, middle + 1, end, cut, right, most, cuts);
}

using Normal = std::array<std::array<double, 4>, 3>;  // AᵀWA and, last column, AᵀWy, of 1, t, t²

// Elimination that leaves a power out when the lower ones already explain it: a line where only two x are seen, a mean where one.
std::array<double, 3> solve(Normal m) {
  constexpr double kRank = 1e-10;
  std::array<double, 3> diagonal{}, solution{};
  std::array<bool, 3> used{};
  for (std::size_t k = 0; k < 3; ++k) diagonal[k] = m[k][k];
  for (std::size_t k = 0; k < 3; ++k) {
    used[k] = m[k][k] > kRank * diagonal[k] && m[k][k] > 0;
    if (!used[k]) continue;
    for (std::size_t row = k + 1; row < 3; ++row) {
      const double factor = m[row][k] / m[k][k];
      for (std::size_t column = k; column < 4; ++column) m[row][column] -= factor * m[k][column];
    }
  }
  for (std::size_t k = 3; k-- > 0;) {
    if (!used[k]) continue;
    double rest = m[k][3];
    for (std::size_t column = k + 1; column < 3; ++column) rest -= m[k][column] * solution[column];
    solution[k] = rest / m[k][k];
  }
  return solution;
}

// Value and slope at x of the quadratic through the n_near nearest points, each weighted (1 − (d / h)³)³ with h the distance of the
// furthest of them.
Vertex fit_vertex(const Points& points, double x, std::size_t n_near) {
  // Within this share of h a point weighs 1, beyond the other nothing: as in the original.
  constexpr double kNear = 0.001, kFar = 0.999;
  std::vector<double> distance(points.x.size());
  for (std::size_t i = 0; i < distance.size(); ++i) distance[i] = std::abs(points.x[i] - x);
  std::vector<double> order = distance;
  const auto furthest = order.begin() + static_cast<std::ptrdiff_t>(n_near - 1);
  std::nth_element(order.begin(), furthest, order.end());
  const double h = *furthest;

  Normal normal{};
  double sum = 0, n = 0;  // of the n_near nearest, in case none of them weighs anything
  for (std::size_t i = 0; i < distance.size(); ++i) {
    if (distance[i] > h) continue;
    sum += points.y[i];
    n += 1;
    if (distance[i] >= kFar * h) continue;
    const double share = distance[i] / h;
    const double cubed = 1 - share * share * share;
    const double weight = share > kNear ? cubed * cubed * cubed : 1;
    const double t = (points.x[i] - x) / h;
    const std::array<double, 4> row = {1, t, t * t, points.y[i]};
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 4; ++b) normal[a][b] += weight * row[a] * row[b];
  }
  if (normal[0][0] <= 0) return {x, sum / n, 0};
  const auto solution = solve(normal);
  return {x, solution[0], solution[1] / h};
}

// The cubic with the values and slopes of both vertices.
double blend(const Vertex& a, const Vertex& b, double x) {
  const double width = b.x - a.x, s = (x - a.x) / width, r = 1 - s;
  return a.value * (1 + 2 * s) * r * r + b.value * (1 + 2 * r) * s * s + width * s * r * (a.slope * r - b.slope * s);
}

}  // namespace

std::vector<double> fit_loess(std::span<const double> x, std::span<const double> y, const LoessOptions& options) {
  const std::size_t n = x.size();
  if (n == 0) return {};
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  Points points;
  for (const std::size_t i : order) {
    points.x.push_back(x[i]);
    points.y.push_back(y[i]);
  }
  // A quadratic needs three points that weigh something, and the furthest never does.
  const auto share = static_cast<double>(n) * options.span;
  const std::size_t n_near = std::max(static_cast<std::size_t>(share + 1e-5), std::min<std::size_t>(n, 5));
  const auto most = std::max<std::size_t>(1, static_cast<std::size_t>(share * options.cell));

  const double least = points.x.front(), greatest = points.x.back();
  const double margin = 0.005 * std::max(greatest - least, 1e-10 * std::max(std::abs(least), std::abs(greatest)) + 1e-30);
  std::vector<double> cuts = {least - margin, greatest + margin};
  cut_cell(points, 0, n, cuts[0], cuts[1], most, cuts);
  std::sort(cuts.begin(), cuts.end());
  std::vector<Vertex> vertices;
  for (const double cut : cuts) vertices.push_back(fit_vertex(points, cut, n_near));

  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto above = std::upper_bound(cuts.begin(), cuts.end() - 1, x[i]);
    const auto k = static_cast<std::size_t>(std::max<std::ptrdiff_t>(above - cuts.begin(), 1));
    out[i] = blend(vertices[k - 1], vertices[k], x[i]);
  }
  return out;
}

}  // namespace cellverdict
