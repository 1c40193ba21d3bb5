#include <cellverdict/base/parallel.h>
#include <cellverdict/stats/row_span.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

std::span<const double> row_of(const DenseFeatures& rows, std::size_t i) {
  const auto width = static_cast<std::size_t>(rows.n_features);
  return rows.values.subspan(i * width, width);
}

double product(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Inner products of the rows, [n, n].
std::vector<double> gram(const DenseFeatures& rows, std::size_t n, int threads) {
  std::vector<double> out(n * n);
  parallel_for(static_cast<std::int64_t>(n), threads, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      for (std::size_t j = 0; j <= i; ++j) out[i * n + j] = product(row_of(rows, i), row_of(rows, j));
  });
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) out[i * n + j] = out[j * n + i];
  return out;
}

}  // namespace

RowCoordinates row_coordinates(const DenseFeatures& rows, int threads) {
  const std::size_t n = rows.values.size() / static_cast<std::size_t>(rows.n_features);
  const std::vector<double> products = gram(rows, n, threads);
  std::vector<double> left(n);  // squared length of each row that the basis does not reach yet
  for (std::size_t i = 0; i < n; ++i) left[i] = products[i * n + i];
  const double negligible = 1e-13 * *std::max_element(left.begin(), left.end());
  std::vector<std::vector<double>> columns;
  RowCoordinates out;
  while (out.pivots.size() < n) {
    const auto pivot = static_cast<std::size_t>(std::max_element(left.begin(), left.end()) - left.begin());
    if (!(left[pivot] > negligible)) break;
    const double length = std::sqrt(left[pivot]);
    std::vector<double> column(n);
    for (std::size_t i = 0; i < n; ++i) {
      double rest = products[i * n + pivot];
      for (const auto& before : columns) rest -= before[i] * before[pivot];
      column[i] = rest / length;
    }
    for (const std::size_t done : out.pivots) column[done] = 0;  // exactly: it lies in the basis
    column[pivot] = length;
    for (std::size_t i = 0; i < n; ++i) left[i] = std::max(0.0, left[i] - column[i] * column[i]);
    left[pivot] = 0;
    columns.push_back(std::move(column));
    out.pivots.push_back(pivot);
  }
  out.values.resize(n * out.rank());
  for (std::size_t c = 0; c < out.rank(); ++c)
    for (std::size_t i = 0; i < n; ++i) out.values[i * out.rank() + c] = columns[c][i];
  return out;
}

std::vector<double> coordinates_in_span(const RowCoordinates& span, const DenseFeatures& rows, const DenseFeatures& asked,
                                        int threads) {
  const std::size_t rank = span.rank(), n = asked.values.size() / static_cast<std::size_t>(asked.n_features);
  std::vector<double> out(n * rank);
  parallel_for(static_cast<std::int64_t>(n), threads, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      for (std::size_t r = 0; r < rank; ++r) {  // L · coordinates = products with the pivot rows
        const double* const of_pivot = span.values.data() + span.pivots[r] * rank;
        double rest = product(row_of(asked, i), row_of(rows, span.pivots[r]));
        for (std::size_t before = 0; before < r; ++before) rest -= of_pivot[before] * out[i * rank + before];
        out[i * rank + r] = rest / of_pivot[r];
      }
  });
  return out;
}

}  // namespace cellverdict
