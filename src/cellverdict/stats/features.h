#pragma once
// Rows of numbers in the forms that fits take them: spread over memory, sparse, or read in pieces because all of them would not
// fit.

#include <cstdint>
#include <functional>
#include <span>

namespace cellverdict {

// Rows of features held anywhere, in any form. Both are called from several threads at once, for different rows.
struct FeatureRows {
  std::int64_t n_rows = 0, n_features = 0;
  // margins[k] += Σ_f row[f] · weights[f, k]; weights [n_features, n_outputs] row-major, margins [n_outputs].
  std::function<void(std::int64_t row, std::span<const double> weights, std::span<double> margins)> dot;
  // sums[f, k] += row[f] · factors[k].
  std::function<void(std::int64_t row, std::span<const double> factors, std::span<double> sums)> add;
};

struct DenseFeatures {
  std::span<const double> values;  // [n_rows, n_features] row-major
  std::int64_t n_features = 0;
};
struct SparseFeatures {
  std::span<const std::int64_t> indptr;   // [n_rows + 1]
  std::span<const std::int32_t> indices;  // [nnz] feature
  std::span<const float> values;          // [nnz]
  std::int64_t n_features = 0;
};
// What the spans point at must outlive the rows. Throws InternalError for sizes or features that do not fit.
FeatureRows rows_of(const DenseFeatures& features);
FeatureRows rows_of(const SparseFeatures& features);

// A sparse matrix that is read in pieces, each time from its first row and in the same order.
struct RowBlocks {
  std::int64_t n_rows = 0, n_features = 0;
  std::function<void(const std::function<void(const SparseFeatures& block)>& see)> read;
};

}  // namespace cellverdict
