#pragma once
// Observations of one evaluation, and how far a number of theirs is off when other units had been drawn. Used by scoring.cpp alone.

#include <cellverdict/evaluate/scoring.h>
#include <cellverdict/stats/bootstrap.h>
#include <cellverdict/stats/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Observations (cells, or units) with the fold that tested them.
struct Observations {
  std::int64_t n_classes = 2;
  std::int32_t positive = 1;
  std::vector<std::int32_t> truth, called, fold;
  std::vector<double> probability;  // [n, n_classes]

  std::vector<std::uint8_t> is_positive() const;
  std::vector<double> scores() const;  // of the positive; two classes
  Observations of_fold(std::int32_t f) const;
  Classification classify() const;
};

// Units drawn with replacement, with all their cells. What it is made of must outlive it.
class Resampling {
 public:
  Resampling(const ScoringInput& input, const Observations& cells);

  MeasuredMetric accuracy(double estimate) const;
  MeasuredMetric auc_over_cells(std::optional<double> estimate) const;
  // Of units: one observation each, in the order of the calls.
  MeasuredMetric auc_over_units(std::optional<double> estimate, const Observations& units,
                                const std::vector<UnitCall>& calls) const;

  struct Pair {
    const Observations &first, &second;
  };
  MeasuredMetric auc_difference_over_units(std::optional<double> estimate, const Pair& units,
                                           const std::vector<UnitCall>& calls) const;
  MeasuredMetric weighted_f1_over_units(double estimate, const Observations& units, const std::vector<UnitCall>& calls) const;
  MeasuredMetric accuracy_difference_over_units(const Pair& units, const std::vector<UnitCall>& calls) const;

 private:
  std::vector<std::int64_t> numbers_of(const std::vector<UnitCall>& calls) const;
  std::int64_t pairs_within_folds(const Observations& units) const;
  // Whether all units of every fold have the same score.
  bool guesses(const Observations& units) const;
  // Of an AUC that is the same whichever units are drawn: 0, 1, or 0.5 of guessing.
  std::optional<Interval> bounds_without_variance(const Observations& units, double level) const;
  UnitStatistic mean_auc(const Observations& all, const std::vector<std::int64_t>& unit) const;
  MeasuredMetric over_cells(std::string name, std::optional<double> estimate, const UnitStatistic& statistic) const;

  const Observations& cells_;
  std::size_t n_folds_;
  std::vector<std::int64_t> unit_;   // [cells] from 0
  std::vector<std::int32_t> class_;  // [units]
  BootstrapOptions options_;
};

}  // namespace cellverdict
