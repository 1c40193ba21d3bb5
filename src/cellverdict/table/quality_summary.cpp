#include <cellverdict/table/quality_summary.h>
#include <cellverdict/table/quantile.h>

#include <algorithm>

namespace cellverdict {

QualitySummary::Box make_quality_box(std::vector<double> values) {
  return sort_into_quality_box(values);
}

QualitySummary::Box sort_into_quality_box(std::span<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) { return quantile_of_sorted(values, share); };
  return {.p5 = at(0.05),
          .p25 = at(0.25),
          .p50 = at(0.5),
          .p75 = at(0.75),
          .p95 = at(0.95),
          .n = static_cast<std::int64_t>(values.size())};
}

}  // namespace cellverdict
