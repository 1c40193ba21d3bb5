#include <cellverdict/stats/roc_band.h>

#include <cellverdict/base/error.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

namespace {

// The greatest and the least true positive rate the curve has at this false positive rate; it steps up where they differ.
double highest_at(std::span<const RocPoint> curve, double x) {
  if (x >= 1) return 1;
  const auto after =
      std::upper_bound(curve.begin(), curve.end(), x, [](double at, const RocPoint& p) { return at < p.false_positive_rate; });
  const auto before = std::prev(after);  // the curve begins at 0 <= x
  if (after == curve.end()) return before->true_positive_rate;
  const double share = (x - before->false_positive_rate) / (after->false_positive_rate - before->false_positive_rate);
  return before->true_positive_rate + share * (after->true_positive_rate - before->true_positive_rate);
}

double lowest_at(std::span<const RocPoint> curve, double x) {
  if (x <= 0) return 0;
  const auto after =
      std::lower_bound(curve.begin(), curve.end(), x, [](const RocPoint& p, double at) { return p.false_positive_rate < at; });
  if (after == curve.end()) return 1;
  if (after->false_positive_rate == x || after == curve.begin()) return after->true_positive_rate;
  const auto before = std::prev(after);
  const double share = (x - before->false_positive_rate) / (after->false_positive_rate - before->false_positive_rate);
  return before->true_positive_rate + share * (after->true_positive_rate - before->true_positive_rate);
}

}  // namespace

RocBand roc_band(std::span<const RocPoint> curve, const RocUnits& units, double level) {
  if (curve.empty() || curve.front().false_positive_rate > 0 || units.n_positive < 1 || units.n_negative < 1 ||
      !(level > 0 && level < 1))
    throw InternalError({.where = "ROC band",
                         .found = std::to_string(curve.size()) + " points, " + std::to_string(units.n_positive) + " against " +
                                  std::to_string(units.n_negative) + " units",
                         .expected = "a curve from 0, a unit of each class, a level between 0 and 1",
                         .advice = ""});
  const auto off = [&](std::int64_t n) { return std::sqrt(std::log(2 / (1 - std::sqrt(level))) / (2 * static_cast<double>(n))); };
  RocBand out{.up = off(units.n_positive), .aside = off(units.n_negative)};
  std::vector<double> at = {0, 1};
  for (const auto& point : curve)
    for (const double x : {point.false_positive_rate, point.false_positive_rate - out.aside, point.false_positive_rate + out.aside})
      if (x > 0 && x < 1) at.push_back(x);
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  for (const double x : at)
    out.points.push_back({.false_positive_rate = x,
                          .low = std::max(0.0, lowest_at(curve, x - out.aside) - out.up),
                          .high = std::min(1.0, highest_at(curve, x + out.aside) + out.up)});
  return out;
}

}  // namespace cellverdict
