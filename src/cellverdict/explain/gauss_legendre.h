#pragma once
// Gauss–Legendre quadrature on [0, 1]: ∫ f ≈ Σ weight_k · f(place_k), exact for polynomials of degree 2n − 1.

#include <cmath>
#include <cstddef>
#include <vector>

namespace cellverdict {

struct Quadrature {
  std::vector<double> place, weight;  // [n] ascending
};

inline Quadrature gauss_legendre(int n) {
  constexpr double kPi = 3.14159265358979323846;
  Quadrature out{std::vector<double>(static_cast<std::size_t>(n)), std::vector<double>(static_cast<std::size_t>(n))};
  for (int i = 0; i < n; ++i) {
    double x = std::cos(kPi * (i + 0.75) / (n + 0.5)), slope = 1;  // a root of the n-th Legendre polynomial, by Newton
    for (int turn = 0; turn < 100; ++turn) {
      double p = 1, before = 0;
      for (int k = 1; k <= n; ++k) {
        const double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
        before = p;
        p = next;
      }
      slope = n * (x * p - before) / (x * x - 1);
      const double step = p / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    const auto at = static_cast<std::size_t>(n - 1 - i);
    out.place[at] = (1 + x) / 2;
    out.weight[at] = 1 / ((1 - x * x) * slope * slope);
  }
  return out;
}

}  // namespace cellverdict
