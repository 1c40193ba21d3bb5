#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/bootstrap.h>

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

[[noreturn]] void bug(const std::string& found, const std::string& expected) {
  throw InternalError({.where = "bootstrap", .found = found, .expected = expected, .advice = ""});
}

// Units of each class; classes without a unit stay empty.
std::vector<std::vector<std::size_t>> units_of_class(std::span<const std::int32_t> unit_class) {
  std::vector<std::vector<std::size_t>> units;
  for (std::size_t u = 0; u < unit_class.size(); ++u) {
    if (unit_class[u] < 0) bug("class " + std::to_string(unit_class[u]), "0 or more");
    const auto c = static_cast<std::size_t>(unit_class[u]);
    if (units.size() <= c) units.resize(c + 1);
    units[c].push_back(u);
  }
  return units;
}

std::string too_few(const std::vector<std::vector<std::size_t>>& units) {
  std::int64_t fewest = kLeastUnitsForBootstrap;
  bool any = false;
  for (const auto& members : units) {
    if (members.empty()) continue;
    any = true;
    fewest = std::min(fewest, std::ssize(members));
  }
  if (!any) return "no units";
  if (fewest >= kLeastUnitsForBootstrap) return "";
  return (fewest == 1 ? "1 unit" : std::to_string(fewest) + " units") + std::string(" in the smallest class; a bootstrap needs ") +
         std::to_string(kLeastUnitsForBootstrap);
}

// Sorted draws; numpy.percentile's linear interpolation.
double quantile_of(const std::vector<double>& sorted, double p) {
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

Interval between(double estimate, std::span<const double> draws, double low, double high) {
  std::vector<double> sorted(draws.begin(), draws.end());
  std::sort(sorted.begin(), sorted.end());
  return {.estimate = estimate, .low = quantile_of(sorted, low), .high = quantile_of(sorted, high), .method = ""};
}

// a = Σ_classes n⁻³ Σ l³ / 6 (Σ_classes n⁻² Σ l²)^{3/2} with l = (n − 1)(mean − value without the unit); 0 where all are equal.
double acceleration(const Jackknife& jackknife) {
  double cubes = 0, squares = 0;
  for (const auto& members : units_of_class(jackknife.unit_class)) {
    const auto n = static_cast<double>(members.size());
    double mean = 0;
    for (const std::size_t u : members) mean += jackknife.without[u] / n;
    for (const std::size_t u : members) {
      const double influence = (n - 1) * (mean - jackknife.without[u]) / n;
      cubes += influence * influence * influence;
      squares += influence * influence;
    }
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

}  // namespace

Interval percentile_interval(double estimate, std::span<const double> draws, double level) {
  if (draws.empty() || !(level > 0 && level < 1)) bug(std::to_string(draws.size()) + " draws", "some, and a level of 0 to 1");
  Interval out = between(estimate, draws, (1 - level) / 2, (1 + level) / 2);
  out.method = "bootstrap of units, percentile";
  return out;
}

std::optional<Interval> bca_interval(double estimate, std::span<const double> draws, const Jackknife& jackknife, double level) {
  if (draws.empty() || !(level > 0 && level < 1)) bug(std::to_string(draws.size()) + " draws", "some, and a level of 0 to 1");
  if (jackknife.without.size() != jackknife.unit_class.size()) bug("a jackknife of another size", "one value a unit");
  double below = 0;
  for (const double draw : draws) below += draw < estimate ? 1 : (draw == estimate ? 0.5 : 0);
  const double share = below / static_cast<double>(draws.size());
  if (share <= 0 || share >= 1) return std::nullopt;
  const boost::math::normal normal;
  const double bias = boost::math::quantile(normal, share), a = acceleration(jackknife);
  // Where the acceleration turns the denominator round, the adjusted level has left (0, 1).
  const auto adjusted = [&](double p) {
    const double z = bias + boost::math::quantile(normal, p), denominator = 1 - a * z;
    if (denominator <= 0) return z > 0 ? 1.0 : 0.0;
    return boost::math::cdf(normal, bias + z / denominator);
  };
  Interval out = between(estimate, draws, adjusted((1 - level) / 2), adjusted((1 + level) / 2));
  out.method = "bootstrap of units, BCa";
  return out;
}

Bootstrap cluster_bootstrap(std::span<const std::int32_t> unit_class, const UnitStatistic& statistic,
                            const BootstrapOptions& options) {
  if (options.draws < 100 || !(options.level > 0 && options.level < 1))
    bug(std::to_string(options.draws) + " draws at level " + std::to_string(options.level), "at least 100 and a level of 0 to 1");
  const auto units = units_of_class(unit_class);
  Bootstrap out;
  out.why_not = too_few(units);
  if (!out.why_not.empty()) return out;
  const std::vector<std::uint32_t> once(unit_class.size(), 1);
  const std::optional<double> estimate = statistic(once);
  if (!estimate || !std::isfinite(*estimate)) {
    out.why_not = "undefined on these units";
    return out;
  }

  std::vector<std::optional<double>> values(static_cast<std::size_t>(options.draws));
  parallel_for(options.draws, options.threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint32_t> times(unit_class.size());
    for (std::int64_t draw = begin; draw < end; ++draw) {
      Random random(options.seed, "bootstrap", options.purpose, static_cast<std::uint64_t>(draw));
      std::fill(times.begin(), times.end(), 0);
      for (const auto& members : units)
        for (std::size_t i = 0; i < members.size(); ++i) ++times[members[random.below(members.size())]];
      values[static_cast<std::size_t>(draw)] = statistic(times);
    }
  });
  for (const auto& value : values)
    if (value && std::isfinite(*value)) out.draws.push_back(*value);
  out.n_undefined = options.draws - static_cast<std::int64_t>(out.draws.size());
  if (static_cast<double>(out.n_undefined) > kMostUndefinedDraws * options.draws) {
    out.why_not = "undefined in " + std::to_string(out.n_undefined) + " of " + std::to_string(options.draws) + " draws";
    return out;
  }
  const auto [least, most] = std::minmax_element(out.draws.begin(), out.draws.end());
  if (*least == *most) {
    out.why_not = "the same in every draw";
    return out;
  }
  out.percentile = percentile_interval(*estimate, out.draws, options.level);

  std::vector<double> without(unit_class.size());
  std::vector<std::uint8_t> defined(unit_class.size());
  parallel_for(static_cast<std::int64_t>(unit_class.size()), options.threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint32_t> times = once;
    for (std::int64_t u = begin; u < end; ++u) {
      times[static_cast<std::size_t>(u)] = 0;
      const std::optional<double> value = statistic(times);
      times[static_cast<std::size_t>(u)] = 1;
      without[static_cast<std::size_t>(u)] = value.value_or(0);
      defined[static_cast<std::size_t>(u)] = value && std::isfinite(*value);
    }
  });
  if (std::find(defined.begin(), defined.end(), 0) != defined.end())
    out.why_not = "no BCa: undefined when one unit is left out";
  else if (!(out.bca = bca_interval(*estimate, out.draws, {.without = without, .unit_class = unit_class}, options.level)))
    out.why_not = "no BCa: every draw lies on one side of the estimate";
  return out;
}

UnitStatistic difference_of(UnitStatistic a, UnitStatistic b) {
  return [a = std::move(a), b = std::move(b)](std::span<const std::uint32_t> times) -> std::optional<double> {
    const std::optional<double> one = a(times), other = b(times);
    if (!one || !other) return std::nullopt;
    return *one - *other;
  };
}

}  // namespace cellverdict
