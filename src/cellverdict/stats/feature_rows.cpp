// The two common forms of features for logistic.h, and the regression on more features than rows.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/logistic.h>
#include <cellverdict/stats/row_span.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace cellverdict {

namespace {

[[noreturn]] void bug(const std::string& found, const std::string& expected) {
  throw InternalError({.where = "logistic regression", .found = found, .expected = expected, .advice = ""});
}

// [n_rows, n_features] less the mean of each feature.
struct Centred {
  std::vector<double> values, mean;
  std::size_t n_rows = 0, n_features = 0;
  std::span<const double> row(std::size_t i) const { return std::span(values).subspan(i * n_features, n_features); }
};

Centred centred(const DenseFeatures& features) {
  Centred out{.values = {features.values.begin(), features.values.end()},
              .mean = {},
              .n_features = static_cast<std::size_t>(features.n_features)};
  out.n_rows = out.values.size() / out.n_features;
  out.mean.assign(out.n_features, 0);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.mean[i % out.n_features] += out.values[i];
  for (double& m : out.mean) m /= static_cast<double>(out.n_rows);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] -= out.mean[i % out.n_features];
  return out;
}

// Weights of the features from weights of the coordinates: combine the pivot rows so that each row keeps its margin.
std::vector<double> weights_of_features(const Centred& x, const RowCoordinates& at, const LogisticModel& reduced) {
  const std::size_t rank = at.rank(), n_outputs = reduced.intercepts.size();
  std::vector<double> share = reduced.weights;  // solves Lᵀ share = weights over the pivot rows, from the last up
  for (std::size_t r = rank; r-- > 0;)
    for (std::size_t k = 0; k < n_outputs; ++k) {
      for (std::size_t later = r + 1; later < rank; ++later)
        share[r * n_outputs + k] -= at.values[at.pivots[later] * rank + r] * share[later * n_outputs + k];
      share[r * n_outputs + k] /= at.values[at.pivots[r] * rank + r];
    }
  std::vector<double> weights(x.n_features * n_outputs, 0);
  for (std::size_t r = 0; r < rank; ++r) {
    const auto row = x.row(at.pivots[r]);
    for (std::size_t f = 0; f < x.n_features; ++f)
      for (std::size_t k = 0; k < n_outputs; ++k) weights[f * n_outputs + k] += row[f] * share[r * n_outputs + k];
  }
  return weights;
}

}  // namespace

FeatureRows rows_of(const DenseFeatures& features) {
  const auto n = static_cast<std::int64_t>(features.values.size());
  if (features.n_features < 1 || n % features.n_features != 0)
    bug(std::to_string(n) + " values", "a multiple of " + std::to_string(features.n_features) + " features");
  const auto width = static_cast<std::size_t>(features.n_features);
  const auto row_at = [values = features.values, width](std::int64_t row) {
    return values.subspan(static_cast<std::size_t>(row) * width, width);
  };
  return {.n_rows = n / features.n_features,
          .n_features = features.n_features,
          .dot =
              [row_at](std::int64_t row, std::span<const double> weights, std::span<double> margins) {
                const auto x = row_at(row);
                if (margins.size() == 1) {
                  margins[0] = std::inner_product(x.begin(), x.end(), weights.begin(), margins[0]);
                  return;
                }
                for (std::size_t f = 0; f < x.size(); ++f)
                  for (std::size_t k = 0; k < margins.size(); ++k) margins[k] += x[f] * weights[f * margins.size() + k];
              },
          .add =
              [row_at](std::int64_t row, std::span<const double> factors, std::span<double> sums) {
                const auto x = row_at(row);
                for (std::size_t f = 0; f < x.size(); ++f)
                  for (std::size_t k = 0; k < factors.size(); ++k) sums[f * factors.size() + k] += x[f] * factors[k];
              }};
}

FeatureRows rows_of(const SparseFeatures& features) {
  const auto indptr = features.indptr;
  const auto indices = features.indices;
  const auto values = features.values;
  const std::int64_t n_features = features.n_features;
  const auto outside = [&](std::int32_t f) { return f < 0 || f >= features.n_features; };
  if (indptr.empty() || indptr.front() != 0 || !std::is_sorted(indptr.begin(), indptr.end()) ||
      indptr.back() != static_cast<std::int64_t>(indices.size()) || indices.size() != values.size() ||
      std::any_of(indices.begin(), indices.end(), outside))
    bug("sparse rows that do not fit together", "ascending indptr, features below " + std::to_string(n_features));
  const auto entries = [indptr](std::int64_t row) {
    return std::pair(static_cast<std::size_t>(indptr[static_cast<std::size_t>(row)]),
                     static_cast<std::size_t>(indptr[static_cast<std::size_t>(row) + 1]));
  };
  return {.n_rows = static_cast<std::int64_t>(indptr.size()) - 1,
          .n_features = n_features,
          .dot =
              [entries, indices, values](std::int64_t row, std::span<const double> weights, std::span<double> margins) {
                const auto [begin, end] = entries(row);
                for (std::size_t i = begin; i < end; ++i)
                  for (std::size_t k = 0; k < margins.size(); ++k)
                    margins[k] +=
                        static_cast<double>(values[i]) * weights[static_cast<std::size_t>(indices[i]) * margins.size() + k];
              },
          .add =
              [entries, indices, values](std::int64_t row, std::span<const double> factors, std::span<double> sums) {
                const auto [begin, end] = entries(row);
                for (std::size_t i = begin; i < end; ++i)
                  for (std::size_t k = 0; k < factors.size(); ++k)
                    sums[static_cast<std::size_t>(indices[i]) * factors.size() + k] += static_cast<double>(values[i]) * factors[k];
              }};
}

LogisticModel fit_logistic(const DenseFeatures& features, std::span<const std::int32_t> truth, std::int64_t n_classes,
                           const LogisticOptions& options) {
  const FeatureRows rows = rows_of(features);
  if (rows.n_features <= rows.n_rows || rows.n_rows > kMostRowsForSpan || rows.n_rows == 0)
    return fit_logistic(rows, truth, n_classes, options);
  if (!std::all_of(features.values.begin(), features.values.end(), [](double x) { return std::isfinite(x); }))
    throw DataError({.where = "logistic regression",
                     .found = "a feature that is not finite",
                     .expected = "numbers",
                     .advice = "the input holds missing or infinite values"});
  const Centred x = centred(features);
  const RowCoordinates at = row_coordinates({.values = x.values, .n_features = features.n_features}, options.threads);
  if (at.rank() == 0) return fit_logistic(rows, truth, n_classes, options);  // all rows alike: intercepts alone
  LogisticModel model = fit_logistic(
      rows_of(DenseFeatures{.values = at.values, .n_features = static_cast<std::int64_t>(at.rank())}), truth, n_classes, options);
  model.weights = weights_of_features(x, at, model);
  model.n_features = features.n_features;
  const std::size_t n_outputs = model.intercepts.size();
  for (std::size_t i = 0; i < model.weights.size(); ++i)
    model.intercepts[i % n_outputs] -= x.mean[i / n_outputs] * model.weights[i];
  return model;
}

}  // namespace cellverdict
