#pragma once
// The minimum of a smooth convex function of many numbers: L-BFGS (Liu & Nocedal 1989) with a line search for the weak Wolfe
// conditions by bisection (Lewis & Overton 2013). Deterministic; as good as the function's own gradient.

#include <functional>
#include <span>
#include <vector>

namespace cellverdict {

// The value at x; writes the gradient, of the same size.
using SmoothFunction = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct MinimiseOptions {
  double tolerance = 1e-8;    // ends when the Euclidean norm of the gradient is at most this
  int max_iterations = 5000;  // each costs one or two evaluations
  int memory = 20;            // steps remembered; more suit the few hundred numbers of a regression on units
};

struct Minimum {
  std::vector<double> x;
  double value = 0, gradient_norm = 0;
  int n_iterations = 0;
  bool converged = false;  // the tolerance was met; else the limit, or no step in doubles goes down any more
};

// Throws DataError when the function is not finite at the start.
Minimum minimise(const SmoothFunction& function, std::vector<double> start, const MinimiseOptions& options = {});

}  // namespace cellverdict
