// Moves the points of a drawing until pairs that belong together lie together (McInnes 2018, algorithm 5): each epoch pulls pairs
// as often as their weight says and pushes random others away. One move after the other in one thread: moving all points at once
// from where they stood, which threads could share, was tried and tears thin shapes, for the two ends of a pull then no longer move
// by the same step.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/umap.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace cellverdict {

namespace {

// A pull and the pushes that follow it are computed at once, all from where the point stands: one after the other, each would wait
// for the last, which takes three times as long.
constexpr int kLanes = 4, kHalves = 2, kOthers = kLanes * kHalves;
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));  // NOLINT(modernize-use-using): takes no attribute
typedef std::int32_t Integers __attribute__((vector_size(kLanes * sizeof(std::int32_t))));  // NOLINT(modernize-use-using)

Floats clamped(Floats x, float low, float high) {
  x = x < low ? Floats{} + low : x;
  return x > high ? Floats{} + high : x;
}

// x^b of positive x within 2e-5: forces need no more. log2 of the fraction in [√½, √2) by the series of artanh, 2^f of f in
// [−½, ½] by Taylor's.
Floats rough_power(Floats x, float b) {
  constexpr float kTwoOverLn2 = 2.8853900818F, kLn2 = 0.69314718F;
  constexpr std::int32_t kRootOfHalf = 0x3f3504f3;  // its bits
  const auto bits = std::bit_cast<Integers>(x);
  const Integers exponent = (bits - kRootOfHalf) >> 23;
  const auto fraction = std::bit_cast<Floats>(bits - (exponent << 23));
  const Floats s = (fraction - 1) / (fraction + 1), s2 = s * s;
  const Floats log2 =
      __builtin_convertvector(exponent, Floats) + kTwoOverLn2 * s * (1 + s2 * (1.0F / 3 + s2 * (0.2F + s2 * (1.0F / 7))));
  const Floats y = clamped(b * log2, -120, 120);
  const Integers whole = __builtin_convertvector(y + (y < 0 ? Floats{} - 0.5F : Floats{} + 0.5F), Integers);
  const Floats f = (y - __builtin_convertvector(whole, Floats)) * kLn2;
  const Floats power = 1 + f * (1 + f * (0.5F + f * (1.0F / 6 + f * (1.0F / 24 + f * (1.0F / 120)))));
  return power * std::bit_cast<Floats>((whole + 127) << 23);
}

template <int kDimensions>
using Point = std::array<float, kDimensions>;

struct Forces {
  float a = 1, b = 1, rate = 1;
};

// The first of `others` pulls and is pulled, the rest push. A place taken by the point itself does nothing.
template <int kDimensions>
using Others = std::array<Point<kDimensions>*, kOthers>;

template <int kDimensions>
void act(Point<kDimensions>& point, const Others<kDimensions>& others, const Forces& f) {
  constexpr float kNothing = 1e-30F;
  Floats steps[kHalves][kDimensions];
  for (int half = 0; half < kHalves; ++half) {
    Floats apart[kDimensions], squared = {};
    for (int d = 0; d < kDimensions; ++d) {
      for (int k = 0; k < kLanes; ++k) apart[d][k] = point[d] - (*others[half * kLanes + k])[d];
      squared += apart[d] * apart[d];
    }
    const Floats safe = squared > kNothing ? squared : Floats{} + 1;
    const Floats power = rough_power(safe, f.b), below = f.a * power + 1;
    Floats factor = 2 * f.b / ((0.001F + safe) * below);
    if (half == 0) factor[0] = -2 * f.a * f.b * power[0] / (safe[0] * below[0]);
    factor = squared > kNothing ? factor : Floats{};
    for (int d = 0; d < kDimensions; ++d) steps[half][d] = f.rate * clamped(factor * apart[d], -4, 4);
  }
  for (int d = 0; d < kDimensions; ++d) {
    const Floats sum = steps[0][d] + steps[1][d];
    if (others[0] != &point) (*others[0])[d] -= steps[0][d][0];
    point[d] += (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
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

template <int kDimensions>
class Layout {
 public:
  Layout(const FuzzyGraph& graph, const UmapOptions& options, int epochs)
      : schedule_(schedule_of(graph, epochs)), random_(options.seed, "umap epochs"), negatives_(options.negatives) {
    const UmapCurve curve = fit_umap_curve(options.min_dist, options.spread);
    forces_ = {.a = static_cast<float>(curve.a), .b = static_cast<float>(curve.b)};
    places.resize(static_cast<std::size_t>(graph.n_rows()));
  }

  std::vector<Point<kDimensions>> places;

  void run_epoch(int number, double rate) {
    forces_.rate = static_cast<float>(rate);
    for (std::size_t r = 0; r < places.size(); ++r)
      for (std::int64_t e = schedule_.indptr[r]; e < schedule_.indptr[r + 1]; ++e) {
        const auto edge = static_cast<std::size_t>(e);
        if (schedule_.next[edge] > static_cast<float>(number)) continue;
        schedule_.next[edge] += schedule_.every[edge];
        follow(places[r], &places[schedule_.other[edge]]);
      }
  }

 private:
  void follow(Point<kDimensions>& point, Point<kDimensions>* other) {
    Others<kDimensions> others;
    for (int drawn = 0; drawn < negatives_ || other != nullptr;) {
      others.fill(&point);
      if (other != nullptr) others[0] = other;
      other = nullptr;
      for (int lane = 1; lane < kOthers && drawn < negatives_; ++lane, ++drawn)
        others[static_cast<std::size_t>(lane)] = &places[static_cast<std::size_t>(((random_() >> 32) * places.size()) >> 32)];
      act<kDimensions>(point, others, forces_);
    }
  }

  Schedule schedule_;
  Random random_;
  Forces forces_;
  int negatives_;
};

template <int kDimensions>
void run_epochs(const FuzzyGraph& graph, const UmapOptions& options, int epochs, std::vector<double>& places) {
  Layout<kDimensions> layout(graph, options, epochs);
  for (std::size_t i = 0; i < places.size(); ++i) layout.places[i / kDimensions][i % kDimensions] = static_cast<float>(places[i]);
  for (int e = 0; e < epochs; ++e) layout.run_epoch(e, options.learning_rate * (1 - static_cast<double>(e) / epochs));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<double>(layout.places[i / kDimensions][i % kDimensions]);
}

}  // namespace

void lay_out(const FuzzyGraph& graph, const UmapOptions& options, std::vector<double>& places) {
  constexpr std::int64_t kManyRows = 10000;
  if (options.epochs < 0 || options.negatives < 0 || std::ssize(places) != graph.n_rows() * options.dimensions)
    throw InternalError({.where = "UMAP",
                         .found = std::to_string(places.size()) + " coordinates",
                         .expected = "one a row and dimension",
                         .advice = ""});
  const int epochs = options.epochs > 0 ? options.epochs : graph.n_rows() <= kManyRows ? 500 : 200;
  if (options.dimensions == 2)
    run_epochs<2>(graph, options, epochs, places);
  else if (options.dimensions == 3)
    run_epochs<3>(graph, options, epochs, places);
  else
    throw InternalError(
        {.where = "UMAP", .found = std::to_string(options.dimensions) + " dimensions", .expected = "2 or 3", .advice = ""});
}

}  // namespace cellverdict
