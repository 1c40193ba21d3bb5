#pragma once
// Few rows of many features lie in a space of no more dimensions than there are rows. A fit whose penalty is the squared length of
// its weights finds its minimum there: 40 units × 25,000 genes become 40 × 40 numbers without any loss.

#include <cellverdict/stats/features.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

// Above this many rows their inner products cost more than a search among the features.
inline constexpr std::int64_t kMostRowsForSpan = 400;

// Of rows in an orthonormal basis of their span (pivoted Cholesky of their inner products). Those of the pivot rows, in order, are
// lower triangular.
struct RowCoordinates {
  std::vector<double> values;       // [n_rows, rank]
  std::vector<std::size_t> pivots;  // [rank] rows
  std::size_t rank() const { return pivots.size(); }
};
RowCoordinates row_coordinates(const DenseFeatures& rows, int threads = 1);

// Of other rows, what of them lies in that span: [n asked, rank]. `rows`: those the basis was made of.
std::vector<double> coordinates_in_span(const RowCoordinates& span, const DenseFeatures& rows, const DenseFeatures& asked,
                                        int threads = 1);

}  // namespace cellverdict
