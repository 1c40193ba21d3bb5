// Moves the points of a drawing until pairs that belong together lie together (McInnes 2018, algorithm 5): each epoch pulls pairs
// as often as their weight says and pushes random others away. A point reads where all others stood when the epoch began, so the
// result is the same however the points are divided over threads.

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/umap.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace cellverdict {

namespace {

// x^b of positive x within 2e-5, six times as fast as std::pow: forces need no more. log2 of the fraction in [√½, √2) by the series
// of artanh, 2^f of f in [−½, ½] by Taylor's.
float rough_power(float x, float b) {
  constexpr float kTwoOverLn2 = 2.8853900818F;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto moved = static_cast<std::int32_t>(bits - 0x3f3504f3U) >> 23;  // exponent, counted from √½
  const auto fraction = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(moved) << 23));
  const float s = (fraction - 1) / (fraction + 1), s2 = s * s;
  const float log2 = static_cast<float>(moved) + kTwoOverLn2 * s * (1 + s2 * (1.0F / 3 + s2 * (0.2F + s2 * (1.0F / 7))));
  const float y = std::clamp(b * log2, -120.0F, 120.0F);
  const auto whole = static_cast<std::int32_t>(y + (y < 0 ? -0.5F : 0.5F));
  const float f = (y - static_cast<float>(whole)) * 0.69314718F;
  const float power = 1 + f * (1 + f * (0.5F + f * (1.0F / 6 + f * (1.0F / 24 + f * (1.0F / 120)))));
  return power * std::bit_cast<float>(static_cast<std::uint32_t>(whole + 127) << 23);
}

template <int kDimensions>
using Point = std::array<float, kDimensions>;

template <int kDimensions>
float squared_distance(const Point<kDimensions>& a, const Point<kDimensions>& b) {
  float sum = 0;
  for (int d = 0; d < kDimensions; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

struct Forces {
  float a = 1, b = 1, rate = 1;
};

// factor · (from − to), at most 4 in each direction, times the rate.
template <int kDimensions>
void move(Point<kDimensions>& point, const Point<kDimensions>& other, float factor, float rate) {
  const Point<kDimensions> from = point;
  for (int d = 0; d < kDimensions; ++d) point[d] += rate * std::clamp(factor * (from[d] - other[d]), -4.0F, 4.0F);
}

template <int kDimensions>
void pull(Point<kDimensions>& point, const Point<kDimensions>& other, const Forces& f) {
  const float squared = squared_distance<kDimensions>(point, other);
  if (!(squared > 1e-30F)) return;
  const float power = rough_power(squared, f.b);
  move<kDimensions>(point, other, -2 * f.a * f.b * power / (squared * (f.a * power + 1)), f.rate);
}

template <int kDimensions>
void push(Point<kDimensions>& point, const Point<kDimensions>& other, const Forces& f) {
  const float squared = squared_distance<kDimensions>(point, other);
  if (!(squared > 1e-30F)) return;
  move<kDimensions>(point, other, 2 * f.b / ((0.001F + squared) * (f.a * rough_power(squared, f.b) + 1)), f.rate);
}

// Edges that are pulled at least once, and when each is next.
struct Schedule {
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::uint32_t> other;
  std::vector<float> every, next;  // in epochs
};

Schedule schedule_of(const FuzzyGraph& graph, int epochs) {
  Schedule out;
  const double most = graph.weights.empty() ? 0 : *std::max_element(graph.weights.begin(), graph.weights.end());
  for (std::int64_t r = 0; r < graph.n_rows(); ++r) {
    for (std::int64_t e = graph.indptr[r]; e < graph.indptr[r + 1]; ++e) {
      if (graph.weights[static_cast<std::size_t>(e)] < most / epochs) continue;
      out.other.push_back(static_cast<std::uint32_t>(graph.indices[static_cast<std::size_t>(e)]));
      out.every.push_back(static_cast<float>(most / graph.weights[static_cast<std::size_t>(e)]));
    }
    out.indptr.push_back(std::ssize(out.other));
  }
  out.next = out.every;
  return out;
}

struct Epoch {
  float number = 0;
  std::uint64_t seed = 0;
  int negatives = 5;
  Forces forces;
};

template <int kDimensions>
Point<kDimensions> moved(std::int64_t row, const std::vector<Point<kDimensions>>& before, Schedule& schedule, const Epoch& epoch) {
  Point<kDimensions> point = before[static_cast<std::size_t>(row)];
  std::uint64_t state = mix_bits(epoch.seed ^ static_cast<std::uint64_t>(row));
  for (std::int64_t e = schedule.indptr[row]; e < schedule.indptr[row + 1]; ++e) {
    if (schedule.next[static_cast<std::size_t>(e)] > epoch.number) continue;
    schedule.next[static_cast<std::size_t>(e)] += schedule.every[static_cast<std::size_t>(e)];
    const Point<kDimensions>& other = before[schedule.other[static_cast<std::size_t>(e)]];
    // Twice: once as this point's edge, once as the other's, which moves both its ends in the reference.
    pull<kDimensions>(point, other, epoch.forces);
    for (int k = 0; k < epoch.negatives; ++k) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      const auto drawn = static_cast<std::size_t>(((state >> 32) * before.size()) >> 32);
      if (drawn != static_cast<std::size_t>(row)) push<kDimensions>(point, before[drawn], epoch.forces);
    }
    pull<kDimensions>(point, other, epoch.forces);
  }
  return point;
}

template <int kDimensions>
void run_epochs(const FuzzyGraph& graph, const UmapOptions& options, int epochs, std::vector<double>& places) {
  const std::int64_t n = graph.n_rows();
  const UmapCurve curve = fit_umap_curve(options.min_dist, options.spread);
  Schedule schedule = schedule_of(graph, epochs);
  std::vector<Point<kDimensions>> before(static_cast<std::size_t>(n)), after(before.size());
  for (std::size_t i = 0; i < places.size(); ++i) before[i / kDimensions][i % kDimensions] = static_cast<float>(places[i]);
  Random random(options.seed, "umap epochs");
  Epoch epoch{.negatives = options.negatives, .forces = {.a = static_cast<float>(curve.a), .b = static_cast<float>(curve.b)}};
  for (int e = 0; e < epochs; ++e) {
    epoch.number = static_cast<float>(e);
    epoch.seed = random();
    epoch.forces.rate = static_cast<float>(options.learning_rate * (1 - static_cast<double>(e) / epochs));
    parallel_for(n, options.threads, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        after[static_cast<std::size_t>(r)] = moved<kDimensions>(r, before, schedule, epoch);
    });
    before.swap(after);
  }
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<double>(before[i / kDimensions][i % kDimensions]);
}

}  // namespace

void lay_out(const FuzzyGraph& graph, const UmapOptions& options, std::vector<double>& places) {
  constexpr std::int64_t kManyRows = 10000;
  if (options.epochs < 0 || options.negatives < 0 || std::ssize(places) != graph.n_rows() * options.dimensions)
    throw InternalError({.where = "UMAP", .found = std::to_string(places.size()) + " coordinates", .expected = "one a row and dimension", .advice = ""});
  const int epochs = options.epochs > 0 ? options.epochs : graph.n_rows() <= kManyRows ? 500 : 200;
  if (options.dimensions == 2)
    run_epochs<2>(graph, options, epochs, places);
  else if (options.dimensions == 3)
    run_epochs<3>(graph, options, epochs, places);
  else
    throw InternalError({.where = "UMAP", .found = std::to_string(options.dimensions) + " dimensions", .expected = "2 or 3", .advice = ""});
}

}  // namespace cellverdict
