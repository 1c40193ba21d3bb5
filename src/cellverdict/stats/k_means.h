#pragma once
// Groups of points around as many centres: greedy k-means++ (Arthur & Vassilvitskii 2007), then Lloyd's steps, the best of several
// starts (sklearn.cluster.KMeans). Numbers in, numbers out; the same bytes for any thread count.

#include <cellverdict/stats/features.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

struct KMeansOptions {
  std::int64_t clusters = 10;
  int starts = 10;
  int max_iterations = 300;
  std::uint64_t seed = 42;
  int threads = 1;
};

struct KMeans {
  std::int64_t n_clusters = 0, n_features = 0;  // fewer clusters than asked for where there are fewer distinct points
  std::vector<double> centres;                  // [n_clusters, n_features], in the order of their first point
  std::vector<std::int32_t> cluster;            // [n_rows]
  double inertia = 0;                           // Σ squared distance to the own centre
  bool converged = false;                       // no point changed its cluster in the last step
};

// Throws DataError without points or for one that is not finite, InternalError for options that do not fit.
KMeans fit_k_means(const DenseFeatures& points, const KMeansOptions& options = {});

// The nearest centre of each point; of equally near ones the first.
std::vector<std::int32_t> nearest_centres(const KMeans& fitted, const DenseFeatures& points, int threads = 1);

}  // namespace cellverdict
