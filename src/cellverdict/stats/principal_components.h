#pragma once
// The directions in which rows differ most, without ever holding the matrix: randomised subspace iteration on the covariance
// (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.3), one reading of the rows a step. Memory is a block of rows and a few
// matrices of features × (components + oversampling). Numbers in, numbers out; the same bytes for any thread count.

#include <cellverdict/stats/features.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

struct PcaOptions {
  std::int64_t components = 20;
  std::int64_t oversampling = 10;  // directions carried along and thrown away in the end: the last components converge faster
  int steps = 7;                   // readings of the rows beyond the two for mean and result
  std::uint64_t seed = 42;
  int threads = 1;
};

// Of centred rows, as sklearn.decomposition.PCA.
struct PrincipalComponents {
  std::int64_t n_features = 0, n_components = 0;  // fewer than asked for where the rows span fewer
  std::vector<double> mean;                       // [n_features]
  std::vector<double> components;                 // [n_features, n_components], each column of length 1, greatest loading positive
  std::vector<double> explained_variance;         // [n_components], descending; of n_rows − 1
  double total_variance = 0;                      // of all directions
};

// Throws DataError with fewer than two rows, without features or for a feature that is not finite, InternalError for options that
// do not fit.
PrincipalComponents fit_principal_components(const RowBlocks& rows, const PcaOptions& options = {});

// Scores of rows, [n_rows, n_components].
std::vector<double> project_rows(const PrincipalComponents& pca, const SparseFeatures& rows, int threads = 1);

// The same for rows that are held whole.
PrincipalComponents fit_principal_components(const DenseFeatures& rows, const PcaOptions& options = {});
std::vector<double> project_rows(const PrincipalComponents& pca, const DenseFeatures& rows, int threads = 1);

}  // namespace cellverdict
