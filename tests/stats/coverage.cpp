// Do 95 % intervals hold the truth in 95 of 100 studies? Draws studies whose true AUC is known and counts.
// coverage           few studies, fails outside a generous band: seconds, for every test run
// coverage --long    many studies, writes the table of docs/STATISTICS.md: minutes

#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/bootstrap.h>
#include <cellverdict/stats/intervals.h>

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>

#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

using namespace cellverdict;

namespace {

double normal(Random& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * std::numbers::pi * random.uniform());
}

struct Tally {
  std::int64_t n = 0, held = 0;
  double width = 0;

  void add(const std::optional<Interval>& interval, double truth) {
    if (!interval) return;
    ++n;
    held += interval->low <= truth && truth <= interval->high;
    width += interval->high - interval->low;
  }
  double coverage() const { return n == 0 ? 0 : static_cast<double>(held) / static_cast<double>(n); }
  double mean_width() const { return n == 0 ? 0 : width / static_cast<double>(n); }
};

struct Study {
  int donors = 0;
  double auc = 0.5;
  double spread = 1;  // standard deviation of the positive donors' scores; the negative ones' is 1
};

struct Plan {
  int studies, bootstrapped, draws;
};

struct Coverage {
  Tally chosen, delong, percentile, bca;
};

// Half the donors are positive; scores N(√(1 + spread²) Φ⁻¹(AUC), spread) against N(0, 1).
Coverage simulate(const Study& study, const Plan& plan, int threads) {
  const auto n = static_cast<std::size_t>(study.donors);
  const double shift = std::sqrt(1 + study.spread * study.spread) * boost::math::quantile(boost::math::normal(), study.auc);
  struct One {
    std::optional<Interval> chosen, delong, percentile, bca;
  };
  std::vector<One> all(static_cast<std::size_t>(plan.studies));
  parallel_for(plan.studies, threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint8_t> positive(n);
    std::vector<std::int32_t> unit_class(n);
    std::vector<std::int64_t> unit(n);
    std::vector<double> scores(n);
    for (std::int64_t s = begin; s < end; ++s) {
      Random random(11, "coverage", std::to_string(study.donors) + " " + std::to_string(study.auc), static_cast<std::uint64_t>(s));
      for (std::size_t i = 0; i < n; ++i) {
        positive[i] = i % 2;
        unit_class[i] = positive[i];
        unit[i] = static_cast<std::int64_t>(i);
        scores[i] = positive[i] ? study.spread * normal(random) + shift : normal(random);
      }
      One& one = all[static_cast<std::size_t>(s)];
      one.chosen = auc_interval(positive, scores).interval;
      one.delong = delong_auc_interval(positive, scores).interval;
      if (s >= plan.bootstrapped || n / 2 < static_cast<std::size_t>(kLeastUnitsForBootstrap)) continue;
      const CellAuc auc({.positive = positive, .scores = scores, .unit = unit, .n_units = study.donors});
      const Bootstrap bootstrap = cluster_bootstrap(unit_class, [&](std::span<const std::uint32_t> times) { return auc(times); },
                                                    {.draws = plan.draws, .seed = static_cast<std::uint64_t>(s)});
      // Separated classes: what a caller then gives is the exact bound.
      one.percentile = bootstrap.percentile ? bootstrap.percentile : one.delong;
      one.bca = bootstrap.bca ? bootstrap.bca : one.percentile;
    }
  });
  Coverage out;
  for (const One& one : all) {
    out.chosen.add(one.chosen, study.auc);
    out.delong.add(one.delong, study.auc);
    out.percentile.add(one.percentile, study.auc);
    out.bca.add(one.bca, study.auc);
  }
  return out;
}

// Cells of a donor share its effect; a cell scores effect + noise, both N(0, 1), and `shift` more in the positive class. The truth
// is the AUC over cells of donors without end.
Coverage simulate_cells(const Study& study, const Plan& plan, int threads) {
  constexpr std::size_t kCells = 50;
  const auto n_donors = static_cast<std::size_t>(study.donors);
  const double shift = 2 * boost::math::quantile(boost::math::normal(), study.auc);
  Coverage out;
  std::vector<std::uint8_t> positive(n_donors * kCells);
  std::vector<std::int64_t> unit(n_donors * kCells);
  std::vector<double> scores(n_donors * kCells);
  std::vector<std::int32_t> unit_class(n_donors);
  for (int s = 0; s < plan.bootstrapped; ++s) {
    Random random(12, "coverage of cells", std::to_string(study.donors), static_cast<std::uint64_t>(s));
    for (std::size_t d = 0; d < n_donors; ++d) {
      const double effect = normal(random) + (d % 2 ? shift : 0);
      unit_class[d] = d % 2;
      for (std::size_t i = d * kCells; i < (d + 1) * kCells; ++i) {
        positive[i] = d % 2 == 1;
        unit[i] = static_cast<std::int64_t>(d);
        scores[i] = effect + normal(random);
      }
    }
    out.delong.add(delong_auc_interval(positive, scores).interval, study.auc);
    const CellAuc auc({.positive = positive, .scores = scores, .unit = unit, .n_units = study.donors});
    const Bootstrap bootstrap = cluster_bootstrap(unit_class, [&](std::span<const std::uint32_t> times) { return auc(times); },
                                                  {.draws = plan.draws, .seed = static_cast<std::uint64_t>(s), .threads = threads});
    out.percentile.add(bootstrap.percentile, study.auc);
    out.bca.add(bootstrap.bca, study.auc);
  }
  return out;
}

// Exact: the sum of the binomial over the counts whose interval holds the truth.
double coverage_of_accuracy(int n, double accuracy) {
  const boost::math::binomial counts(n, accuracy);
  double held = 0;
  for (int k = 0; k <= n; ++k) {
    const Interval interval = *proportion_interval(k, n).interval;
    if (interval.low <= accuracy && accuracy <= interval.high) held += boost::math::pdf(counts, k);
  }
  return held;
}

std::string cell(const Tally& tally) {
  if (tally.n == 0) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f (%.2f)", 100 * tally.coverage(), tally.mean_width());
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_long = argc > 1 && std::string(argv[1]) == "--long";
  const Plan plan = is_long ? Plan{.studies = 20000, .bootstrapped = 4000, .draws = 2000}
                            : Plan{.studies = 600, .bootstrapped = 150, .draws = 300};
  const int threads = is_long ? available_threads() : 1;
  int failures = 0;
  const auto expect = [&](const std::string& what, double coverage, double low, double high) {
    if (coverage >= low && coverage <= high) return;
    ++failures;
    std::printf("%s covers %.3f, expected %.2f to %.2f\n", what.c_str(), coverage, low, high);
  };
  std::printf("| donors | AUC | spread | `auc_interval` | DeLong, logit | bootstrap, percentile | bootstrap, BCa |\n");
  std::printf("|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const double spread : {1.0, 3.0})
    for (const int donors : {12, 24, 60})
      for (const double auc : {0.6, 0.75, 0.9}) {
        const Coverage found = simulate({.donors = donors, .auc = auc, .spread = spread}, plan, threads);
        std::printf("| %d | %.2f | %.0f : 1 | %s | %s | %s | %s |\n", donors, auc, spread, cell(found.chosen).c_str(),
                    cell(found.delong).c_str(), cell(found.percentile).c_str(), cell(found.bca).c_str());
        const std::string name = std::to_string(donors) + " donors, AUC " + std::to_string(auc) + ": ";
        expect(name + "the AUC's interval", found.chosen.coverage(), is_long ? 0.93 : 0.91, is_long ? 0.98 : 0.99);
        if (found.bca.n > 0) expect(name + "BCa", found.bca.coverage(), is_long ? 0.92 : 0.88, 1);
      }
  std::printf(
      "\n| donors of 50 cells | AUC over cells | DeLong over cells | units, percentile | units, BCa |\n|--:|--:|--:|--:|--:|\n");
  for (const int donors : {24, 60}) {
    const Coverage found = simulate_cells({.donors = donors, .auc = 0.75}, plan, threads);
    std::printf("| %d | 0.75 | %s | %s | %s |\n", donors, cell(found.delong).c_str(), cell(found.percentile).c_str(),
                cell(found.bca).c_str());
    expect(std::to_string(donors) + " donors, cells as if independent", found.delong.coverage(), 0, 0.6);
    expect(std::to_string(donors) + " donors, BCa over cells", found.bca.coverage(), is_long ? 0.92 : 0.88, 1);
  }
  std::printf("\n| donors | accuracy | Wilson, exact below 10 |\n|--:|--:|--:|\n");
  for (const int donors : {8, 12, 24, 60})
    for (const double auc : {0.6, 0.75, 0.9}) {
      // Scores of equal spread, cut midway between the classes.
      const boost::math::normal normal;
      const double accuracy = boost::math::cdf(normal, boost::math::quantile(normal, auc) / std::numbers::sqrt2);
      const double coverage = coverage_of_accuracy(donors, accuracy);
      std::printf("| %d | %.2f | %.1f |\n", donors, accuracy, 100 * coverage);
      expect(std::to_string(donors) + " donors, accuracy " + std::to_string(accuracy), coverage, 0.93, 1);
    }
  return failures == 0 ? 0 : 1;
}
