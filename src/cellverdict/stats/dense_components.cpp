// Principal components of rows that are held whole: handed on in blocks, of which every feature has an entry.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/principal_components.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlockRows = 256;

std::int64_t n_rows_of(const DenseFeatures& rows) {
  if (rows.n_features < 1 || static_cast<std::int64_t>(rows.values.size()) % rows.n_features != 0)
    throw InternalError(
        {.where = "principal components",
         .found = std::to_string(rows.values.size()) + " values of " + std::to_string(rows.n_features) + " features",
         .expected = "whole rows",
         .advice = ""});
  return static_cast<std::int64_t>(rows.values.size()) / rows.n_features;
}

void read_blocks(const DenseFeatures& rows, const std::function<void(const SparseFeatures&)>& see) {
  const std::int64_t n = n_rows_of(rows), n_features = rows.n_features;
  std::vector<std::int32_t> indices(static_cast<std::size_t>(std::min(n, kBlockRows) * n_features));
  std::vector<std::int64_t> indptr(static_cast<std::size_t>(std::min(n, kBlockRows) + 1));
  for (std::size_t i = 0; i < indices.size(); ++i)
    indices[i] = static_cast<std::int32_t>(static_cast<std::int64_t>(i) % n_features);
  for (std::size_t r = 0; r < indptr.size(); ++r) indptr[r] = static_cast<std::int64_t>(r) * n_features;
  std::vector<float> values;
  for (std::int64_t begin = 0; begin < n; begin += kBlockRows) {
    const std::int64_t count = std::min(kBlockRows, n - begin);
    const auto of_block =
        rows.values.subspan(static_cast<std::size_t>(begin * n_features), static_cast<std::size_t>(count * n_features));
    values.assign(of_block.begin(), of_block.end());
    see({.indptr = std::span(indptr).first(static_cast<std::size_t>(count + 1)),
         .indices = std::span(indices).first(values.size()),
         .values = values,
         .n_features = n_features});
  }
}

}  // namespace

PrincipalComponents fit_principal_components(const DenseFeatures& rows, const PcaOptions& options) {
  return fit_principal_components(
      RowBlocks{.n_rows = n_rows_of(rows),
                .n_features = rows.n_features,
                .read = [&](const std::function<void(const SparseFeatures&)>& see) { read_blocks(rows, see); }},
      options);
}

std::vector<double> project_rows(const PrincipalComponents& pca, const DenseFeatures& rows, int threads) {
  std::vector<double> out;
  read_blocks(rows, [&](const SparseFeatures& block) {
    const auto scores = project_rows(pca, block, threads);
    out.insert(out.end(), scores.begin(), scores.end());
  });
  return out;
}

}  // namespace cellverdict
