// From distances to memberships: the fuzzy simplicial set of UMAP, its pieces, and the curve that memberships follow in the
// drawing.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/umap.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace {

struct Kernel {
  double nearest = 0, width = 1;
};

// The width for which the memberships of `distances` (without the row itself) sum to log2(n_neighbours).
Kernel kernel_of(std::span<const double> distances, std::int64_t n_neighbours, double mean_of_all) {
  constexpr int kSteps = 64;
  constexpr double kClose = 1e-5, kLeastWidth = 1e-3;
  const double target = std::log2(static_cast<double>(n_neighbours));
  Kernel out;
  double sum = 0;
  for (const double d : distances) {
    if (out.nearest == 0 && d > 0) out.nearest = d;
    sum += d;
  }
  double low = 0, high = std::numeric_limits<double>::infinity();
  for (int step = 0; step < kSteps; ++step) {
    double members = 0;
    for (const double d : distances) members += d > out.nearest ? std::exp(-(d - out.nearest) / out.width) : 1;
    if (std::abs(members - target) < kClose) break;
    if (members > target) {
      high = out.width;
      out.width = (low + high) / 2;
    } else {
      low = out.width;
      out.width = std::isinf(high) ? 2 * out.width : (low + high) / 2;
    }
  }
  // The row itself, at distance 0, counts in the mean as in the reference.
  const double mean = out.nearest > 0 ? sum / static_cast<double>(distances.size() + 1) : mean_of_all;
  out.width = std::max(out.width, kLeastWidth * mean);
  return out;
}

struct Entry {
  std::int64_t column;
  double weight;
};

}  // namespace

FuzzyGraph fuzzy_graph(const Neighbours& neighbours, std::int64_t n_neighbours) {
  const std::int64_t n = neighbours.n_rows, kept = std::min(neighbours.n_neighbours, n_neighbours - 1);
  if (n_neighbours < 2 || kept < 1)
    throw InternalError(
        {.where = "fuzzy graph", .found = std::to_string(n_neighbours) + " neighbours", .expected = "two or more", .advice = ""});
  const auto row = [&](std::int64_t r) {
    std::int64_t present = 0;
    while (present < kept && neighbours.index[static_cast<std::size_t>(r * neighbours.n_neighbours + present)] >= 0) ++present;
    return std::span(neighbours.distance)
        .subspan(static_cast<std::size_t>(r * neighbours.n_neighbours), static_cast<std::size_t>(present));
  };
  double sum = 0;
  std::int64_t count = n;
  for (std::int64_t r = 0; r < n; ++r)
    for (const double d : row(r)) {
      sum += d;
      ++count;
    }
  // Directed memberships, and the same turned round; a row's entries of both are then merged.
  std::vector<std::vector<Entry>> out_of(static_cast<std::size_t>(n)), into(static_cast<std::size_t>(n));
  for (std::int64_t r = 0; r < n; ++r) {
    const auto distances = row(r);
    const Kernel kernel = kernel_of(distances, n_neighbours, sum / static_cast<double>(count));
    for (std::size_t k = 0; k < distances.size(); ++k) {
      const std::int64_t j = neighbours.index[static_cast<std::size_t>(r * neighbours.n_neighbours) + k];
      const double d = distances[k] - kernel.nearest, weight = d <= 0 || kernel.width == 0 ? 1 : std::exp(-d / kernel.width);
      out_of[static_cast<std::size_t>(r)].push_back({j, weight});
      into[static_cast<std::size_t>(j)].push_back({r, weight});
    }
  }
  FuzzyGraph graph{.indptr = {0}};
  for (std::size_t r = 0; r < out_of.size(); ++r) {
    auto& a = out_of[r];
    const auto& b = into[r];  // by row, so ascending
    std::sort(a.begin(), a.end(), [](const Entry& x, const Entry& y) { return x.column < y.column; });
    for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
      const std::int64_t column = std::min(i < a.size() ? a[i].column : n, j < b.size() ? b[j].column : n);
      const double forth = i < a.size() && a[i].column == column ? a[i++].weight : 0;
      const double back = j < b.size() && b[j].column == column ? b[j++].weight : 0;
      const double weight = forth + back - forth * back;
      if (weight <= 0) continue;
      graph.indices.push_back(column);
      graph.weights.push_back(weight);
    }
    graph.indptr.push_back(std::ssize(graph.indices));
  }
  return graph;
}

std::int64_t count_pieces(const FuzzyGraph& graph) {
  std::vector<bool> seen(static_cast<std::size_t>(graph.n_rows()));
  std::vector<std::int64_t> open;
  std::int64_t n_pieces = 0;
  for (std::int64_t first = 0; first < graph.n_rows(); ++first) {
    if (seen[static_cast<std::size_t>(first)]) continue;
    ++n_pieces;
    open.push_back(first);
    seen[static_cast<std::size_t>(first)] = true;
    while (!open.empty()) {
      const auto r = static_cast<std::size_t>(open.back());
      open.pop_back();
      for (std::int64_t e = graph.indptr[r]; e < graph.indptr[r + 1]; ++e) {
        const std::int64_t j = graph.indices[static_cast<std::size_t>(e)];
        if (seen[static_cast<std::size_t>(j)]) continue;
        seen[static_cast<std::size_t>(j)] = true;
        open.push_back(j);
      }
    }
  }
  return n_pieces;
}

UmapCurve fit_umap_curve(double min_dist, double spread) {
  if (!(spread > 0) || !(min_dist >= 0) || min_dist > spread)
    throw InternalError({.where = "UMAP",
                         .found = "min_dist " + std::to_string(min_dist),
                         .expected = "0 to spread, which is above 0",
                         .advice = ""});
  constexpr int kPoints = 300, kSteps = 200;
  UmapCurve curve;
  double damping = 1e-3;
  // Residuals and the normal equations of least squares in (log a, log b), which keeps both positive (Levenberg & Marquardt).
  struct Sums {
    double squares = 0, aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
  };
  const auto sums_at = [&](const UmapCurve& at) {
    Sums s;
    for (int i = 0; i < kPoints; ++i) {
      const double d = 3 * spread * i / (kPoints - 1), wanted = d < min_dist ? 1 : std::exp(-(d - min_dist) / spread);
      const double power = d > 0 ? at.a * std::pow(d, 2 * at.b) : 0, value = 1 / (1 + power), residual = wanted - value;
      const double by_a = -power * value * value, by_b = d > 0 ? by_a * 2 * at.b * std::log(d) : 0;
      s.squares += residual * residual;
      s.aa += by_a * by_a;
      s.ab += by_a * by_b;
      s.bb += by_b * by_b;
      s.ra += by_a * residual;
      s.rb += by_b * residual;
    }
    return s;
  };
  Sums here = sums_at(curve);
  for (int step = 0; step < kSteps; ++step) {
    const double aa = here.aa * (1 + damping), bb = here.bb * (1 + damping), det = aa * bb - here.ab * here.ab;
    const double by_a = (bb * here.ra - here.ab * here.rb) / det, by_b = (aa * here.rb - here.ab * here.ra) / det;
    const UmapCurve next{.a = curve.a * std::exp(by_a), .b = curve.b * std::exp(by_b)};
    const Sums there = sums_at(next);
    if (there.squares < here.squares) {
      curve = next;
      here = there;
      damping /= 3;
      if (std::abs(by_a) + std::abs(by_b) < 1e-12) break;
    } else {
      damping *= 4;
      if (damping > 1e12) break;
    }
  }
  return curve;
}

}  // namespace cellverdict
