#include <cellverdict/stats/principal_components.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/symmetric_eigen.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

namespace {

std::int64_t n_rows_of(const SparseFeatures& block) {
  return std::ssize(block.indptr) - 1;
}

struct Mean {
  std::vector<double> mean;
  double total_variance = 0;
};

Mean mean_of_rows(const RowBlocks& rows) {
  Mean out{.mean = std::vector<double>(static_cast<std::size_t>(rows.n_features))};
  double squares = 0;
  std::int64_t n = 0;
  rows.read([&](const SparseFeatures& block) {
    n += n_rows_of(block);
    for (std::size_t k = 0; k < block.indices.size(); ++k) {
      const double x = block.values[k];
      out.mean[block.indices[k]] += x;
      squares += x * x;
    }
  });
  if (n != rows.n_rows)
    throw InternalError({.where = "principal components",
                         .found = std::to_string(n) + " rows",
                         .expected = std::to_string(rows.n_rows),
                         .advice = ""});
  if (!std::isfinite(squares))
    throw DataError({.where = "principal components",
                     .found = "a value that is not finite",
                     .expected = "numbers",
                     .advice = "look for missing or damaged values in the input"});
  double of_mean = 0;
  for (double& m : out.mean) {
    m /= static_cast<double>(n);
    of_mean += m * m;
  }
  out.total_variance = std::max(0.0, squares - static_cast<double>(n) * of_mean) / static_cast<double>(n - 1);
  return out;
}

// Columns of [n, width] to length 1 and right angles, twice over (once leaves what rounding put back). A column that depends on
// those before it becomes zero.
void orthonormalise(std::vector<double>& columns, std::size_t width) {
  const std::size_t n = columns.size() / width;
  for (std::size_t k = 0; k < width; ++k) {
    double before = 0;
    for (std::size_t i = 0; i < n; ++i) before += columns[i * width + k] * columns[i * width + k];
    for (int round = 0; round < 2; ++round)
      for (std::size_t j = 0; j < k; ++j) {
        double dot = 0;
        for (std::size_t i = 0; i < n; ++i) dot += columns[i * width + j] * columns[i * width + k];
        for (std::size_t i = 0; i < n; ++i) columns[i * width + k] -= dot * columns[i * width + j];
      }
    double length = 0;
    for (std::size_t i = 0; i < n; ++i) length += columns[i * width + k] * columns[i * width + k];
    const double scale = length > 1e-20 * before && length > 0 ? 1 / std::sqrt(length) : 0;
    for (std::size_t i = 0; i < n; ++i) columns[i * width + k] *= scale;
  }
}

// Centred rows times `columns`, [n_rows, width].
std::vector<double> times(const SparseFeatures& block, const std::vector<double>& columns, std::size_t width,
                          const std::vector<double>& shift, int threads) {
  std::vector<double> out(static_cast<std::size_t>(n_rows_of(block)) * width);
  parallel_for(n_rows_of(block), threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      double* const row = out.data() + static_cast<std::size_t>(r) * width;
      for (std::size_t k = 0; k < width; ++k) row[k] = -shift[k];
      for (std::int64_t i = block.indptr[r]; i < block.indptr[r + 1]; ++i) {
        const double x = block.values[i];
        const double* const weights = columns.data() + static_cast<std::size_t>(block.indices[i]) * width;
        for (std::size_t k = 0; k < width; ++k) row[k] += x * weights[k];
      }
    }
  });
  return out;
}

// meanᵀ · columns.
std::vector<double> shift_of(const std::vector<double>& mean, const std::vector<double>& columns, std::size_t width) {
  std::vector<double> shift(width);
  for (std::size_t f = 0; f < mean.size(); ++f)
    for (std::size_t k = 0; k < width; ++k) shift[k] += mean[f] * columns[f * width + k];
  return shift;
}

// Xcᵀ Xc · columns in one reading. Threads divide the columns, so that each sum is made in the order of the rows.
std::vector<double> covariance_times(const RowBlocks& rows, const std::vector<double>& mean, const std::vector<double>& columns,
                                     std::size_t width, int threads) {
  std::vector<double> out(columns.size()), sum(width);
  const auto shift = shift_of(mean, columns, width);
  rows.read([&](const SparseFeatures& block) {
    const auto scores = times(block, columns, width, shift, threads);
    parallel_for(static_cast<std::int64_t>(width), threads, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = 0; r < n_rows_of(block); ++r) {
        const double* const row = scores.data() + static_cast<std::size_t>(r) * width;
        for (std::int64_t k = begin; k < end; ++k) sum[k] += row[k];
        for (std::int64_t i = block.indptr[r]; i < block.indptr[r + 1]; ++i) {
          const double x = block.values[i];
          double* const to = out.data() + static_cast<std::size_t>(block.indices[i]) * width;
          for (std::int64_t k = begin; k < end; ++k) to[k] += x * row[k];
        }
      }
    });
  });
  for (std::size_t f = 0; f < mean.size(); ++f)
    for (std::size_t k = 0; k < width; ++k) out[f * width + k] -= mean[f] * sum[k];
  return out;
}

// (Xc · columns)ᵀ (Xc · columns), [width, width].
std::vector<double> gram_of_scores(const RowBlocks& rows, const std::vector<double>& mean, const std::vector<double>& columns,
                                   std::size_t width, int threads) {
  std::vector<double> gram(width * width);
  const auto shift = shift_of(mean, columns, width);
  rows.read([&](const SparseFeatures& block) {
    const auto scores = times(block, columns, width, shift, threads);
    parallel_for(static_cast<std::int64_t>(width), threads, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = 0; r < n_rows_of(block); ++r) {
        const double* const row = scores.data() + static_cast<std::size_t>(r) * width;
        for (auto a = static_cast<std::size_t>(begin); a < static_cast<std::size_t>(end); ++a)
          for (std::size_t b = 0; b < width; ++b) gram[a * width + b] += row[a] * row[b];
      }
    });
  });
  return gram;
}

void check(const RowBlocks& rows, const PcaOptions& options) {
  if (options.components < 1 || options.oversampling < 0 || options.steps < 0 || !rows.read)
    throw InternalError({.where = "principal components",
                         .found = std::to_string(options.components) + " components",
                         .expected = "at least one, and rows to read",
                         .advice = ""});
  if (rows.n_rows < 2 || rows.n_features < 1)
    throw DataError({.where = "principal components",
                     .found = std::to_string(rows.n_rows) + " rows of " + std::to_string(rows.n_features) + " features",
                     .expected = "at least two rows and a feature",
                     .advice = "keep more cells or genes"});
}

// The greatest loading is positive, or the sign would be that of the random start.
void settle_sign(PrincipalComponents& pca) {
  const auto width = static_cast<std::size_t>(pca.n_components);
  for (std::size_t k = 0; k < width; ++k) {
    double greatest = 0;
    for (std::size_t i = k; i < pca.components.size(); i += width)
      if (std::abs(pca.components[i]) > std::abs(greatest)) greatest = pca.components[i];
    if (greatest < 0)
      for (std::size_t i = k; i < pca.components.size(); i += width) pca.components[i] = -pca.components[i];
  }
}

}  // namespace

PrincipalComponents fit_principal_components(const RowBlocks& rows, const PcaOptions& options) {
  check(rows, options);
  const std::int64_t most = std::min(rows.n_features, rows.n_rows - 1);
  const auto width = static_cast<std::size_t>(std::min(most, options.components + options.oversampling));
  PrincipalComponents out{.n_features = rows.n_features, .n_components = std::min(most, options.components)};
  Mean mean = mean_of_rows(rows);
  out.mean = std::move(mean.mean);
  out.total_variance = mean.total_variance;

  std::vector<double> columns(static_cast<std::size_t>(rows.n_features) * width);
  Random random(options.seed, "principal components");
  for (double& x : columns) x = 2 * random.uniform() - 1;
  orthonormalise(columns, width);
  for (int step = 0; step < options.steps; ++step) {
    columns = covariance_times(rows, out.mean, columns, width, options.threads);
    orthonormalise(columns, width);
  }
  const auto [values, vectors] = symmetric_eigen(gram_of_scores(rows, out.mean, columns, width, options.threads), width);
  // Directions without variance are none.
  while (out.n_components > 1 && values[static_cast<std::size_t>(out.n_components - 1)] <= 1e-12 * values[0]) --out.n_components;
  const auto kept = static_cast<std::size_t>(out.n_components);
  for (std::size_t k = 0; k < kept; ++k)
    out.explained_variance.push_back(std::max(0.0, values[k]) / static_cast<double>(rows.n_rows - 1));
  out.components.assign(static_cast<std::size_t>(rows.n_features) * kept, 0);
  for (std::size_t f = 0; f < static_cast<std::size_t>(rows.n_features); ++f)
    for (std::size_t j = 0; j < width; ++j)
      for (std::size_t k = 0; k < kept; ++k) out.components[f * kept + k] += columns[f * width + j] * vectors[j * width + k];
  settle_sign(out);
  return out;
}

std::vector<double> project_rows(const PrincipalComponents& pca, const SparseFeatures& rows, int threads) {
  if (rows.n_features != pca.n_features)
    throw InternalError({.where = "principal components",
                         .found = std::to_string(rows.n_features) + " features",
                         .expected = std::to_string(pca.n_features),
                         .advice = ""});
  const auto width = static_cast<std::size_t>(pca.n_components);
  return times(rows, pca.components, width, shift_of(pca.mean, pca.components, width), threads);
}

}  // namespace cellverdict
