#include <cellverdict/stats/stable_groups.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/association.h>

#include <algorithm>
#include <string>

namespace cellverdict {

namespace {

double agreement(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  return adjusted_rand_index(contingency_table({.a = a, .b = b}));
}

std::vector<double> rows_at(const DenseFeatures& points, const std::vector<std::int64_t>& rows) {
  std::vector<double> out;
  for (const std::int64_t r : rows) {
    const auto row =
        points.values.subspan(static_cast<std::size_t>(r * points.n_features), static_cast<std::size_t>(points.n_features));
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

GroupCount judge(const DenseFeatures& points, const KMeans& all, const KMeans& one, const StableGroupsOptions& options) {
  const std::int64_t n = std::ssize(all.cluster);
  GroupCount out{.n_groups = all.n_clusters, .within = one.inertia > 0 ? all.inertia / one.inertia : 0};
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(all.n_clusters));
  for (const std::int32_t c : all.cluster) ++sizes[static_cast<std::size_t>(c)];
  out.smallest = *std::min_element(sizes.begin(), sizes.end());
  Random random(options.seed, "samples for groups", std::to_string(all.n_clusters));
  const auto n_sample = std::max(all.n_clusters, static_cast<std::int64_t>(options.share * static_cast<double>(n)));
  for (int draw = 0; draw < options.draws; ++draw) {
    const std::uint64_t seed = random();
    const KMeans start = fit_k_means(points, {.clusters = all.n_clusters, .starts = 1, .seed = seed, .threads = options.threads});
    out.between_starts += agreement(start.cluster, all.cluster) / options.draws;
    const auto sample = rows_at(points, sample_without_replacement(random, n, n_sample));
    const KMeans other = fit_k_means({.values = sample, .n_features = points.n_features},
                                     {.clusters = all.n_clusters, .starts = 3, .seed = seed, .threads = options.threads});
    out.between_samples += agreement(nearest_centres(other, points, options.threads), all.cluster) / options.draws;
  }
  return out;
}

}  // namespace

StableGroups find_stable_groups(const DenseFeatures& points, const StableGroupsOptions& options) {
  const std::int64_t n = points.n_features > 0 ? static_cast<std::int64_t>(points.values.size()) / points.n_features : 0;
  if (options.least_groups < 2 || options.most_groups < options.least_groups || options.draws < 1 ||
      !(options.share > 0 && options.share <= 1))
    throw InternalError(
        {.where = "stable groups", .found = "options out of range", .expected = "two groups or more", .advice = ""});
  if (n < 10 || n / 5 < options.least_groups)
    throw DataError({.where = "subgroups",
                     .found = std::to_string(n) + " rows",
                     .expected = "at least ten, and five for each group",
                     .advice = ""});
  const KMeans one = fit_k_means(points, {.clusters = 1, .starts = 1, .seed = options.seed, .threads = options.threads});
  StableGroups out;
  for (std::int64_t k = options.least_groups; k <= std::min(options.most_groups, n / 5); ++k) {
    KMeans fitted = fit_k_means(points, {.clusters = k, .seed = options.seed, .threads = options.threads});
    if (fitted.n_clusters < k) break;  // fewer distinct points
    out.counts.push_back(judge(points, fitted, one, options));
    if (out.counts.size() > 1 && out.counts.back().between_samples <= out.counts[out.chosen].between_samples) continue;
    out.chosen = out.counts.size() - 1;
    out.groups = std::move(fitted);
  }
  if (out.counts.empty())
    throw DataError({.where = "subgroups", .found = "rows that are all alike", .expected = "different rows", .advice = ""});
  return out;
}

}  // namespace cellverdict
