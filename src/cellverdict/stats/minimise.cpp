#include <cellverdict/base/error.h>
#include <cellverdict/stats/minimise.h>

#include <cmath>
#include <deque>
#include <limits>
#include <numeric>

namespace cellverdict {

namespace {

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// A step taken and what it did to the gradient.
struct Step {
  std::vector<double> move, change;
  double curvature = 0;  // move · change > 0
};

// −H·gradient with H from the remembered steps (the two-loop recursion; Nocedal 1980).
std::vector<double> direction_of(const std::vector<double>& gradient, const std::deque<Step>& steps) {
  std::vector<double> q(gradient.size());
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = -gradient[i];
  std::vector<double> share(steps.size());
  for (std::size_t s = steps.size(); s-- > 0;) {
    share[s] = dot(steps[s].move, q) / steps[s].curvature;
    for (std::size_t i = 0; i < q.size(); ++i) q[i] -= share[s] * steps[s].change[i];
  }
  if (!steps.empty()) {
    const double scale = steps.back().curvature / dot(steps.back().change, steps.back().change);
    for (double& value : q) value *= scale;
  }
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const double back = share[s] - dot(steps[s].change, q) / steps[s].curvature;
    for (std::size_t i = 0; i < q.size(); ++i) q[i] += back * steps[s].move[i];
  }
  return q;
}

struct Point {
  std::vector<double> x, gradient;
  double value = 0;
};

// A point along the direction that is low enough and past the steepest part. Near the minimum values differ by less than a double
// can hold while slopes still tell: there "low enough" is asked of the slope (approximate Wolfe; Hager & Zhang 2005).
// False when no point is found: doubles are exhausted.
bool search_line(const SmoothFunction& function, const Point& from, std::span<const double> direction, double first, Point& to) {
  constexpr double kEnough = 1e-4, kFlat = 0.9, kRounding = 1e-13;
  const double slope = dot(from.gradient, direction);
  double low = 0, high = std::numeric_limits<double>::infinity(), length = first;
  for (int attempt = 0; attempt < 60; ++attempt) {
    for (std::size_t i = 0; i < from.x.size(); ++i) to.x[i] = from.x[i] + length * direction[i];
    to.value = function(to.x, to.gradient);
    const double slope_there = dot(to.gradient, direction);
    const bool lower = to.value <= from.value + kEnough * length * slope;
    const bool same_in_doubles = std::abs(to.value - from.value) <= kRounding * std::abs(from.value);
    if (!lower && !(same_in_doubles && slope_there <= (2 * kEnough - 1) * slope))
      high = length;
    else if (slope_there < kFlat * slope)
      low = length;
    else
      return true;
    length = std::isinf(high) ? 2 * low : std::midpoint(low, high);
  }
  return false;
}

}  // namespace

Minimum minimise(const SmoothFunction& function, std::vector<double> start, const MinimiseOptions& options) {
  Point now{.x = std::move(start), .gradient = {}, .value = 0};
  now.gradient.resize(now.x.size());
  now.value = function(now.x, now.gradient);
  if (!std::isfinite(now.value))
    throw DataError({.where = "minimum",
                     .found = "a loss that is not finite at the start",
                     .expected = "numbers",
                     .advice = "look for missing or infinite values in the input"});
  Minimum out;
  std::deque<Step> steps;
  Point next = now;
  for (;; ++out.n_iterations) {
    out.gradient_norm = std::sqrt(dot(now.gradient, now.gradient));
    out.converged = out.gradient_norm <= options.tolerance;
    if (out.converged || out.n_iterations >= options.max_iterations) break;
    std::vector<double> direction = direction_of(now.gradient, steps);
    const double first = steps.empty() ? 1 / std::max(1.0, out.gradient_norm) : 1;
    if (!search_line(function, now, direction, first, next)) {
      if (steps.empty()) break;
      steps.clear();  // once more from the steepest descent
      continue;
    }
    Step step{.move = next.x, .change = next.gradient, .curvature = 0};
    for (std::size_t i = 0; i < now.x.size(); ++i) {
      step.move[i] -= now.x[i];
      step.change[i] -= now.gradient[i];
    }
    step.curvature = dot(step.move, step.change);
    std::swap(now, next);
    if (step.curvature > 0) steps.push_back(std::move(step));
    if (steps.size() > static_cast<std::size_t>(options.memory)) steps.pop_front();
  }
  out.x = std::move(now.x);
  out.value = now.value;
  return out;
}

}  // namespace cellverdict
