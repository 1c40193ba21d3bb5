#pragma once
// Eigenvalues of a small symmetric matrix by Jacobi's rotations: slow beyond a hundred rows, and right to the last digits.

#include <cstddef>
#include <vector>

namespace cellverdict {

struct SymmetricEigen {
  std::vector<double> values;   // [n], descending
  std::vector<double> vectors;  // [n, n]: column k belongs to value k
};
// matrix [n, n]; its upper triangle is read.
SymmetricEigen symmetric_eigen(std::vector<double> matrix, std::size_t n);

}  // namespace cellverdict
