#include <cellverdict/stats/k_means.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace cellverdict {

namespace {

struct Points {
  std::span<const double> values;
  std::size_t n = 0, width = 0;
  std::span<const double> operator[](std::size_t i) const { return values.subspan(i * width, width); }
};

Points points_of(const DenseFeatures& features) {
  const auto width = static_cast<std::size_t>(features.n_features);
  if (width == 0 || features.values.size() % width != 0)
    throw InternalError({.where = "k-means",
                         .found = std::to_string(features.values.size()) + " numbers",
                         .expected = "a multiple of " + std::to_string(width) + " features",
                         .advice = ""});
  return {features.values, features.values.size() / width, width};
}

double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

struct Nearest {
  std::vector<std::int32_t> centre;
  std::vector<double> squared;
};

Nearest nearest(const Points& points, const std::vector<double>& centres, int threads) {
  Nearest out{.centre = std::vector<std::int32_t>(points.n), .squared = std::vector<double>(points.n)};
  const Points to{centres, centres.size() / points.width, points.width};
  parallel_for(static_cast<std::int64_t>(points.n), threads, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < to.n; ++c)
        if (const double d = squared_distance(points[i], to[c]); d < least) {
          least = d;
          out.centre[i] = static_cast<std::int32_t>(c);
        }
      out.squared[i] = least;
    }
  });
  return out;
}

// A point drawn with a chance proportional to its weight.
std::size_t draw(Random& random, const std::vector<double>& weight, double sum) {
  double left = random.uniform() * sum;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] == 0) continue;
    last = i;
    left -= weight[i];
    if (left < 0) return i;
  }
  return last;
}

// Each next centre is the best of a few points drawn by their squared distance to the centres so far.
std::vector<double> first_centres(const Points& points, std::int64_t n_clusters, Random& random) {
  const int n_tries = 2 + static_cast<int>(std::log(static_cast<double>(n_clusters)));
  std::vector<double> centres;
  const auto add = [&](std::size_t i) { centres.insert(centres.end(), points[i].begin(), points[i].end()); };
  add(random.below(points.n));
  std::vector<double> squared(points.n);
  for (std::size_t i = 0; i < points.n; ++i) squared[i] = squared_distance(points[i], centres);
  for (std::int64_t c = 1; c < n_clusters; ++c) {
    double sum = 0;
    for (const double d : squared) sum += d;
    if (sum == 0) break;  // every point is a centre
    double least = std::numeric_limits<double>::infinity();
    std::size_t best = 0;
    std::vector<double> with_best;
    for (int t = 0; t < n_tries; ++t) {
      const std::size_t candidate = draw(random, squared, sum);
      std::vector<double> with(points.n);
      double left = 0;
      for (std::size_t i = 0; i < points.n; ++i) {
        with[i] = std::min(squared[i], squared_distance(points[i], points[candidate]));
        left += with[i];
      }
      if (left < least) {
        least = left;
        best = candidate;
        with_best = std::move(with);
      }
    }
    add(best);
    squared = std::move(with_best);
  }
  return centres;
}

// Centres of gravity; a centre that lost all its points goes to the point farthest from its own.
std::vector<double> moved(const Points& points, Nearest& now, std::size_t n_clusters) {
  std::vector<std::int64_t> n(n_clusters);
  for (const std::int32_t c : now.centre) ++n[c];
  for (std::size_t c = 0; c < n_clusters; ++c) {
    if (n[c] > 0) continue;
    const auto farthest = static_cast<std::size_t>(std::max_element(now.squared.begin(), now.squared.end()) - now.squared.begin());
    --n[now.centre[farthest]];
    now.centre[farthest] = static_cast<std::int32_t>(c);
    now.squared[farthest] = 0;
    n[c] = 1;
  }
  std::vector<double> centres(n_clusters * points.width);
  for (std::size_t i = 0; i < points.n; ++i)
    for (std::size_t k = 0; k < points.width; ++k) centres[now.centre[i] * points.width + k] += points[i][k];
  for (std::size_t c = 0; c < n_clusters; ++c)
    for (std::size_t k = 0; k < points.width; ++k)
      centres[c * points.width + k] /= static_cast<double>(std::max<std::int64_t>(1, n[c]));
  return centres;
}

KMeans one_start(const Points& points, const KMeansOptions& options, int start) {
  Random random(options.seed, "k-means", {}, static_cast<std::uint64_t>(start));
  KMeans out{.n_features = static_cast<std::int64_t>(points.width)};
  out.centres = first_centres(points, std::min<std::int64_t>(options.clusters, static_cast<std::int64_t>(points.n)), random);
  const std::size_t n_clusters = out.centres.size() / points.width;
  out.n_clusters = static_cast<std::int64_t>(n_clusters);
  Nearest now = nearest(points, out.centres, options.threads);
  for (int step = 0; step < options.max_iterations && !out.converged; ++step) {
    out.centres = moved(points, now, n_clusters);
    Nearest next = nearest(points, out.centres, options.threads);
    out.converged = next.centre == now.centre;
    now = std::move(next);
  }
  for (const double d : now.squared) out.inertia += d;
  out.cluster = std::move(now.centre);
  return out;
}

// Clusters in the order of their first point: what they are called does not hang on the start that won.
void number_by_first_point(KMeans& fitted) {
  std::vector<std::int32_t> number(static_cast<std::size_t>(fitted.n_clusters), -1);
  std::int32_t next = 0;
  for (const std::int32_t c : fitted.cluster)
    if (number[c] < 0) number[c] = next++;
  for (std::int32_t& n : number)
    if (n < 0) n = next++;
  for (std::int32_t& c : fitted.cluster) c = number[c];
  std::vector<double> centres(fitted.centres.size());
  const auto width = static_cast<std::size_t>(fitted.n_features);
  for (std::size_t c = 0; c < number.size(); ++c)
    std::copy_n(fitted.centres.begin() + static_cast<std::ptrdiff_t>(c * width), width,
                centres.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(number[c]) * width));
  fitted.centres = std::move(centres);
}

}  // namespace

KMeans fit_k_means(const DenseFeatures& features, const KMeansOptions& options) {
  const Points points = points_of(features);
  if (options.clusters < 1 || options.starts < 1 || options.max_iterations < 1)
    throw InternalError({.where = "k-means",
                         .found = std::to_string(options.clusters) + " clusters, " + std::to_string(options.starts) + " starts",
                         .expected = "at least one of each",
                         .advice = ""});
  if (points.n == 0 || !std::all_of(points.values.begin(), points.values.end(), [](double x) { return std::isfinite(x); }))
    throw DataError({.where = "k-means",
                     .found = points.n == 0 ? "no points" : "a value that is not finite",
                     .expected = "points of finite numbers",
                     .advice = "look for missing or damaged values in the input"});
  KMeans best = one_start(points, options, 0);
  for (int start = 1; start < options.starts; ++start)
    if (KMeans other = one_start(points, options, start); other.inertia < best.inertia) best = std::move(other);
  number_by_first_point(best);
  return best;
}

std::vector<std::int32_t> nearest_centres(const KMeans& fitted, const DenseFeatures& features, int threads) {
  const Points points = points_of(features);
  if (features.n_features != fitted.n_features)
    throw InternalError({.where = "k-means",
                         .found = std::to_string(features.n_features) + " features",
                         .expected = std::to_string(fitted.n_features),
                         .advice = ""});
  return nearest(points, fitted.centres, threads).centre;
}

}  // namespace cellverdict
