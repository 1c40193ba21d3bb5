#pragma once
// Into how many groups points fall in a way that other starts and other samples of the points confirm. k-means finds groups in
// anything: agreement is what tells groups from a cut through a cloud. Numbers in, numbers out.

#include <cellverdict/stats/k_means.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

struct StableGroupsOptions {
  std::int64_t least_groups = 2, most_groups = 8;
  int draws = 20;      // samples of the points, and starts
  double share = 0.8;  // of the points in a sample
  std::uint64_t seed = 42;
  int threads = 1;
};

struct GroupCount {
  std::int64_t n_groups = 0, smallest = 0;  // points in the smallest group
  double between_starts = 0;                // mean adjusted Rand index of single starts with the best of all
  double between_samples = 0;               // the same of groups found in samples, each point of all going to its nearest centre
  double within = 0;                        // share of the squared distances to the mean that is left within groups
};

struct StableGroups {
  std::vector<GroupCount> counts;  // by rising number of groups
  std::size_t chosen = 0;          // greatest agreement between samples; of equal ones fewer groups
  KMeans groups;                   // of the chosen number
};

// Numbers of groups above a fifth of the points are not tried. Throws DataError for fewer than ten points or one that is not
// finite, InternalError for options that do not fit.
StableGroups find_stable_groups(const DenseFeatures& points, const StableGroupsOptions& options = {});

}  // namespace cellverdict
