#include <cellverdict/stats/rank_tests.h>

#include <cellverdict/base/error.h>

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cellverdict {

namespace {

struct Midranks {
  std::vector<double> rank;  // from 1
  double ties = 0;           // Σ t³ − t over groups of equal values
};

Midranks midranks(const std::vector<double>& values) {
  for (const double x : values)
    if (std::isnan(x))
      throw DataError({.where = "rank test", .found = "a value that is not a number", .expected = "numbers", .advice = ""});
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  Midranks out{.rank = std::vector<double>(values.size())};
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const auto t = static_cast<double>(end - begin);
    out.ties += t * t * t - t;
    for (std::size_t k = begin; k < end; ++k) out.rank[order[k]] = (static_cast<double>(begin + end) + 1) / 2;
    begin = end;
  }
  return out;
}

// P(U >= u) for u whole, groups without ties: the number of ways to reach each U by the recursion of Mann & Whitney.
double exact_tail(std::int64_t n_a, std::int64_t n_b, std::int64_t u) {
  const auto most = static_cast<std::size_t>(n_a * n_b);
  // ways[a][x]: orders of a of the first group among the units of the second seen so far, with U = x.
  std::vector<std::vector<double>> ways(static_cast<std::size_t>(n_a + 1), std::vector<double>(most + 1));
  for (auto& of : ways) of[0] = 1;
  for (std::int64_t b = 1; b <= n_b; ++b)
    for (std::int64_t a = 1; a <= n_a; ++a) {
      auto& of = ways[static_cast<std::size_t>(a)];
      const auto& before = ways[static_cast<std::size_t>(a - 1)];
      // The greatest unit is of the first group, and above b of the second, or is of the second.
      for (auto x = static_cast<std::int64_t>(most); x >= b; --x)
        of[static_cast<std::size_t>(x)] += before[static_cast<std::size_t>(x - b)];
    }
  const auto& of = ways[static_cast<std::size_t>(n_a)];
  const double all = std::accumulate(of.begin(), of.end(), 0.0);
  return std::accumulate(of.begin() + u, of.end(), 0.0) / all;
}

double normal_tail(double z) {
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

void check_p_values(std::span<const double> p_values) {
  for (const double p : p_values)
    if (!(p >= 0 && p <= 1))
      throw InternalError(
          {.where = "adjusted p-values", .found = std::to_string(p), .expected = "numbers from 0 to 1", .advice = ""});
}

}  // namespace

std::optional<RankSum> rank_sum(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return std::nullopt;
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  const Midranks ranks = midranks(all);
  RankSum out{.n_a = std::ssize(a), .n_b = std::ssize(b)};
  const auto n_a = static_cast<double>(out.n_a), n_b = static_cast<double>(out.n_b), n = n_a + n_b;
  out.u = std::accumulate(ranks.rank.begin(), ranks.rank.begin() + out.n_a, 0.0) - n_a * (n_a + 1) / 2;
  out.share = out.u / (n_a * n_b);
  const double greater = std::max(out.u, n_a * n_b - out.u);
  if (ranks.ties == 0 && std::min(out.n_a, out.n_b) <= kMostUnitsForExactRankSum &&
      std::max(out.n_a, out.n_b) <= kMostOthersForExactRankSum) {
    out.method = "exact";
    const std::int64_t fewer = std::min(out.n_a, out.n_b), more = std::max(out.n_a, out.n_b);
    out.p_value = std::min(1.0, 2 * exact_tail(fewer, more, static_cast<std::int64_t>(std::llround(greater))));
    return out;
  }
  out.method = "normal, tie-corrected";
  const double variance = n_a * n_b / 12 * (n + 1 - ranks.ties / (n * (n - 1)));
  if (variance > 0) out.p_value = std::min(1.0, 2 * normal_tail((greater - n_a * n_b / 2 - 0.5) / std::sqrt(variance)));
  return out;
}

std::optional<KruskalWallis> kruskal_wallis(std::span<const double> values, std::span<const std::int32_t> group) {
  if (values.size() != group.size())
    throw InternalError({.where = "rank test",
                         .found = std::to_string(values.size()) + " values",
                         .expected = std::to_string(group.size()),
                         .advice = ""});
  KruskalWallis out;
  std::vector<double> present;
  std::vector<std::int32_t> of;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (group[i] < 0 || std::isnan(values[i])) {
      ++out.n_missing;
      continue;
    }
    present.push_back(values[i]);
    of.push_back(group[i]);
  }
  if (present.empty()) return std::nullopt;
  const Midranks ranks = midranks(present);
  std::vector<double> sums(static_cast<std::size_t>(*std::max_element(of.begin(), of.end())) + 1), counts(sums.size());
  for (std::size_t i = 0; i < of.size(); ++i) {
    sums[static_cast<std::size_t>(of[i])] += ranks.rank[i];
    ++counts[static_cast<std::size_t>(of[i])];
  }
  const auto n = static_cast<double>(present.size());
  double h = 0;
  for (std::size_t g = 0; g < sums.size(); ++g) {
    if (counts[g] == 0) continue;
    ++out.n_groups;
    h += sums[g] * sums[g] / counts[g];
  }
  const double tied = 1 - ranks.ties / (n * n * n - n);
  if (out.n_groups < 2 || !(tied > 0)) return std::nullopt;
  out.n = std::ssize(present);
  out.h = (12 / (n * (n + 1)) * h - 3 * (n + 1)) / tied;
  out.epsilon_squared = std::clamp(out.h / (n - 1), 0.0, 1.0);
  out.p_value = boost::math::gamma_q(static_cast<double>(out.n_groups - 1) / 2, std::max(0.0, out.h) / 2);
  return out;
}

std::vector<double> bonferroni(std::span<const double> p_values) {
  check_p_values(p_values);
  std::vector<double> out;
  for (const double p : p_values) out.push_back(std::min(1.0, p * static_cast<double>(p_values.size())));
  return out;
}

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  check_p_values(p_values);
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> out(p_values.size());
  double least = 1;
  for (std::size_t k = order.size(); k-- > 0;) {
    least = std::min(least, p_values[order[k]] * static_cast<double>(order.size()) / static_cast<double>(k + 1));
    out[order[k]] = least;
  }
  return out;
}

FisherExact fisher_exact(const TwoByTwo& t) {
  if (t.both < 0 || t.only_chosen < 0 || t.only_marked < 0 || t.neither < 0)
    throw InternalError({.where = "Fisher's exact test", .found = "a negative count", .expected = "counts", .advice = ""});
  FisherExact out;
  const std::int64_t chosen = t.both + t.only_chosen, marked = t.both + t.only_marked, n = chosen + t.only_marked + t.neither;
  if (chosen == 0 || marked == 0 || chosen == n || marked == n) {
    out.odds_ratio = std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  const double divisor = static_cast<double>(t.only_chosen) * static_cast<double>(t.only_marked);
  out.odds_ratio = divisor == 0 ? std::numeric_limits<double>::infinity()
                                : static_cast<double>(t.both) * static_cast<double>(t.neither) / divisor;
  // All tables of these margins, each relative to the most probable one: ratios of neighbours need no logarithms.
  const std::int64_t least = std::max<std::int64_t>(0, chosen + marked - n), most = std::min(chosen, marked);
  const auto mode = std::clamp(static_cast<std::int64_t>((static_cast<double>(chosen) + 1) * (static_cast<double>(marked) + 1) /
                                                         (static_cast<double>(n) + 2)),
                               least, most);
  std::vector<double> relative(static_cast<std::size_t>(most - least + 1));
  const auto at = [&](std::int64_t k) -> double& { return relative[static_cast<std::size_t>(k - least)]; };
  const auto step = [&](std::int64_t k) {  // P(k + 1) / P(k)
    return static_cast<double>(chosen - k) * static_cast<double>(marked - k) /
           (static_cast<double>(k + 1) * static_cast<double>(n - chosen - marked + k + 1));
  };
  at(mode) = 1;
  for (std::int64_t k = mode; k < most; ++k) at(k + 1) = at(k) * step(k);
  for (std::int64_t k = mode; k > least; --k) at(k - 1) = at(k) / step(k - 1);
  double all = 0, less = 0, greater = 0, as_rare = 0;
  const double here = at(t.both) * (1 + 1e-7);  // equal ones differ by rounding
  for (std::int64_t k = least; k <= most; ++k) {
    all += at(k);
    if (k <= t.both) less += at(k);
    if (k >= t.both) greater += at(k);
    if (at(k) <= here) as_rare += at(k);
  }
  out.two_sided = std::min(1.0, as_rare / all);
  out.greater = std::min(1.0, greater / all);
  out.less = std::min(1.0, less / all);
  return out;
}

}  // namespace cellverdict
