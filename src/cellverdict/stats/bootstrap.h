#pragma once
// Stratified cluster bootstrap: whole units are drawn with replacement within their class, and each brings all its cells. That is
// the only level at which resampling cells says anything of new donors. Efron & Tibshirani 1993; Davison & Hinkley
// 1997. A statistic is a function of how often each unit was drawn, so nothing is ever copied.
// Draw number d depends on the seed, the purpose and d alone: any thread count gives the same bytes, and two statistics
// bootstrapped with one seed are paired.

#include <cellverdict/stats/intervals.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Below this many units in a class there is no bootstrap: too few distinct resamples, and those too alike.
inline constexpr std::int64_t kLeastUnitsForBootstrap = 10;
// A statistic that is undefined in more than this share of the draws has no interval.
inline constexpr double kMostUndefinedDraws = 0.05;

// times[u]: how often unit u is in the sample (0, 1, 2, …). Nothing where the statistic is undefined there. Called from several
// threads at once, and once with a single unit left out for the acceleration of BCa.
using UnitStatistic = std::function<std::optional<double>(std::span<const std::uint32_t> times)>;

struct BootstrapOptions {
  int draws = 2000;  // fewer make the ends of a 95 % interval rest on fewer than 50 draws a side; at least 100
  std::uint64_t seed = 42;
  std::string purpose;  // tells apart draws that must not be paired
  double level = 0.95;
  int threads = 1;
};

struct Bootstrap {
  std::vector<double> draws;     // the statistic, in order of the draws, without the undefined
  std::int64_t n_undefined = 0;  // draws left out for that
  std::optional<Interval> percentile;
  std::optional<Interval> bca;  // bias-corrected and accelerated; the better of the two where both exist
  std::string why_not;          // a clause in words where an interval is missing
};

// unit_class[u] is the class (stratum) of unit u, from 0. Not estimable with fewer than kLeastUnitsForBootstrap units in a class
// that has any, without units, with a statistic undefined on all units or in too many draws, and where all draws are equal
// (a width of zero would be a lie: see auc_interval for the AUC of separated classes). BCa alone is missing where every draw lies
// on one side of the estimate. Throws InternalError for options out of range or a negative class.
Bootstrap cluster_bootstrap(std::span<const std::int32_t> unit_class, const UnitStatistic& statistic,
                            const BootstrapOptions& options = {});

// The statistic `a − b` on the same draws; undefined where either is.
UnitStatistic difference_of(UnitStatistic a, UnitStatistic b);

// Quantiles with linear interpolation (numpy's default) at the two ends. Draws need not be sorted; at least one.
Interval percentile_interval(double estimate, std::span<const double> draws, double level = 0.95);

// The statistic without each unit in turn, for the acceleration.
struct Jackknife {
  std::span<const double> without;           // [n_units]
  std::span<const std::int32_t> unit_class;  // [n_units]
};
// Efron 1987; several classes as in Davison & Hinkley 1997 (scipy.stats.bootstrap does the same). Nothing where no draw
// or every draw lies below the estimate (ties count half).
std::optional<Interval> bca_interval(double estimate, std::span<const double> draws, const Jackknife& jackknife,
                                     double level = 0.95);

// AUC over cells as a function of the units drawn, without sorting again: P(a positive cell scores above a negative one) where
// each cell counts as often as its unit was drawn. Cells are sorted once; where units are few, once and for all into a table of
// wins between pairs of units, and a draw costs a look at that table.
class CellAuc {
 public:
  struct Cells {
    std::span<const std::uint8_t> positive;  // [n_cells]
    std::span<const double> scores;          // [n_cells]
    std::span<const std::int64_t> unit;      // [n_cells], below n_units
    std::int64_t n_units = 0;
  };
  // Throws DataError for a score that is not a number, InternalError when sizes or units do not fit.
  explicit CellAuc(const Cells& cells);
  // times [n_units]. Nothing when no positive or no negative cell is left.
  std::optional<double> operator()(std::span<const std::uint32_t> times) const;

 private:
  struct Cell {
    std::int64_t unit;
    bool positive, opens_tie;  // the first of the cells with its score
  };
  double from_cells(std::span<const std::uint32_t> times) const;
  double from_table(std::span<const std::uint32_t> times) const;
  void make_table();

  std::vector<Cell> cells_;                                 // by descending score; empty once the table stands
  std::vector<std::int64_t> n_positive_, n_negative_;       // [n_units] cells
  std::vector<std::size_t> with_positive_, with_negative_;  // units that have such cells
  std::vector<double> twice_won_;  // [with_negative_, with_positive_] twice the pairs won, a tie counting one; may be empty
};

}  // namespace cellverdict
