#include <cellverdict/evaluate/scoring.h>

#include <cellverdict/stats/bootstrap.h>
#include <cellverdict/stats/metrics.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

namespace cellverdict {

namespace {

constexpr int kDraws = 2000;

// Observations (cells, or units) with the fold that tested them.
struct Observations {
  std::int64_t n_classes = 2;
  std::int32_t positive = 1;
  std::vector<std::int32_t> truth, called, fold;
  std::vector<double> probability;  // [n, n_classes]

  std::vector<std::uint8_t> is_positive() const {
    std::vector<std::uint8_t> flags;
    for (const std::int32_t c : truth) flags.push_back(c == positive);
    return flags;
  }
  std::vector<double> scores() const {
    std::vector<double> out;
    for (std::size_t i = static_cast<std::size_t>(positive); i < probability.size(); i += 2) out.push_back(probability[i]);
    return out;
  }
  Observations of_fold(std::int32_t f) const {
    Observations out{.n_classes = n_classes, .positive = positive};
    const auto k = static_cast<std::ptrdiff_t>(n_classes);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (fold[i] != f) continue;
      out.truth.push_back(truth[i]);
      out.called.push_back(called[i]);
      out.fold.push_back(f);
      const auto row = probability.begin() + static_cast<std::ptrdiff_t>(i) * k;
      out.probability.insert(out.probability.end(), row, row + k);
    }
    return out;
  }
  Classification classify() const {
    return cellverdict::classify(
        {.truth = truth, .probability = probability, .n_classes = n_classes, .positive = positive, .called = called});
  }
};

bool is_torn(const std::vector<UnitCall>& calls, const Observations& cells) {
  return std::any_of(calls.begin(), calls.end(), [&](const UnitCall& unit) {
    return std::any_of(unit.mean.cells.begin(), unit.mean.cells.end(), [&](std::int64_t i) { return cells.fold[i] != unit.fold; });
  });
}

Observations observe_cells(const ScoringInput& input) {
  const std::int64_t k = std::ssize(input.test.classes());
  Observations cells{.n_classes = k, .positive = input.positive, .probability = input.probability};
  std::int32_t fold = 0;
  for (std::int64_t i = 0; i < input.test.n_cells(); ++i) {
    while (i >= input.folds[fold].end) ++fold;
    cells.truth.push_back(input.test.label(i));
    cells.fold.push_back(fold);
    const auto row = std::span(input.probability).subspan(static_cast<std::size_t>(i * k), static_cast<std::size_t>(k));
    cells.called.push_back(predicted_class(row, input.positive, input.folds[fold].threshold));
  }
  return cells;
}

std::vector<UnitCall> call_units(const ScoringInput& input, const Observations& cells) {
  std::vector<UnitCall> calls;
  for (auto& mean : unit_means(input.test, input.probability)) {
    UnitCall unit{.fold = cells.fold[mean.cells.front()]};
    unit.called = predicted_class(mean.probability, input.positive, input.folds[unit.fold].threshold);
    const auto right =
        std::count_if(mean.cells.begin(), mean.cells.end(), [&](auto i) { return cells.called[i] == cells.truth[i]; });
    unit.cell_accuracy = static_cast<double>(right) / static_cast<double>(mean.n_cells);
    unit.mean = std::move(mean);
    calls.push_back(std::move(unit));
  }
  return calls;
}

Observations observe_units(const std::vector<UnitCall>& calls, const Observations& cells) {
  Observations units{.n_classes = cells.n_classes, .positive = cells.positive};
  for (const auto& unit : calls) {
    units.truth.push_back(unit.mean.label);
    units.called.push_back(unit.called);
    units.fold.push_back(unit.fold);
    units.probability.insert(units.probability.end(), unit.mean.probability.begin(), unit.mean.probability.end());
  }
  return units;
}

// A curve at equal steps of the false positive rate, each the mean of the folds' own: thresholds of different models say nothing
// together, so the points have none.
std::vector<RocPoint> mean_roc(const std::vector<std::vector<RocPoint>>& curves) {
  constexpr int kSteps = 100;
  if (curves.empty()) return {};
  if (curves.size() == 1) return curves.front();
  std::vector<RocPoint> mean;
  mean.push_back({0, 0, std::nan("")});
  for (int step = 0; step <= kSteps; ++step) {
    const double at = static_cast<double>(step) / kSteps;
    double sum = 0;
    for (const auto& curve : curves) {
      const auto right =
          std::upper_bound(curve.begin(), curve.end(), at, [](double x, const RocPoint& p) { return x < p.false_positive_rate; });
      const auto left = std::prev(right);  // the highest point at or before `at`
      if (right == curve.end()) {
        sum += left->true_positive_rate;
        continue;
      }
      const double share = (at - left->false_positive_rate) / (right->false_positive_rate - left->false_positive_rate);
      sum += left->true_positive_rate + share * (right->true_positive_rate - left->true_positive_rate);
    }
    mean.push_back({at, sum / static_cast<double>(curves.size()), std::nan("")});
  }
  return mean;
}

struct Curves {
  std::vector<std::optional<double>> auc;  // [folds]
  std::vector<RocPoint> roc;
};

Curves curves_of(const Observations& all, std::size_t n_folds) {
  Curves out;
  std::vector<std::vector<RocPoint>> curves;
  for (std::size_t f = 0; f < n_folds; ++f) {
    const Observations fold = n_folds == 1 ? all : all.of_fold(static_cast<std::int32_t>(f));
    if (fold.truth.empty()) {
      out.auc.emplace_back();
      continue;
    }
    out.auc.push_back(fold.classify().auc);
    if (all.n_classes == 2 && out.auc.back()) curves.push_back(roc_curve(fold.is_positive(), fold.scores()));
  }
  out.roc = mean_roc(curves);
  return out;
}

std::optional<double> mean_of(const std::vector<std::optional<double>>& values) {
  double sum = 0;
  std::int64_t n = 0;
  for (const auto& value : values)
    if (value) {
      sum += *value;
      ++n;
    }
  return n == 0 ? std::nullopt : std::optional(sum / static_cast<double>(n));
}

MeasuredMetric with(std::string metric, std::optional<double> estimate, MaybeInterval found) {
  return {.metric = std::move(metric),
          .estimate = estimate,
          .interval = std::move(found.interval),
          .why_not = std::move(found.why_not)};
}

// Units drawn with replacement, with all their cells.
class Resampling {
 public:
  Resampling(const ScoringInput& input, const Observations& cells) : cells_(cells), n_folds_(input.folds.size()) {
    std::map<std::int32_t, std::int64_t> number;
    for (std::int64_t i = 0; i < input.test.n_cells(); ++i) {
      const auto [found, is_new] = number.try_emplace(input.test.unit_number(i), std::ssize(number));
      if (is_new) class_.push_back(input.test.label(i));
      // A unit with several classes is a stratum of its own kind: it is drawn whole.
      if (class_[found->second] != input.test.label(i)) class_[found->second] = static_cast<std::int32_t>(cells.n_classes);
      unit_.push_back(found->second);
    }
    options_ = {.draws = kDraws, .seed = input.seed, .purpose = "evaluate", .threads = input.threads};
  }

  MeasuredMetric accuracy(double estimate) const {
    std::vector<double> right(class_.size()), n(class_.size());
    for (std::size_t i = 0; i < unit_.size(); ++i) {
      n[unit_[i]] += 1;
      right[unit_[i]] += cells_.called[i] == cells_.truth[i] ? 1 : 0;
    }
    return over_cells("accuracy", estimate, share_of(std::move(right), std::move(n)));
  }

  MeasuredMetric auc_over_cells(std::optional<double> estimate) const {
    return over_cells("auc", estimate, mean_auc(cells_, unit_));
  }

  // Of units: one observation each, in the order of the calls.
  MeasuredMetric auc_over_units(std::optional<double> estimate, const Observations& units,
                                const std::vector<UnitCall>& calls) const {
    MeasuredMetric metric = over_cells("auc", estimate, mean_auc(units, numbers_of(calls)));
    metric.over_units = true;
    // All units in order, in every fold and so in every draw: disjoint pairs (one unit of each class) still bound it.
    if (!metric.interval && estimate == 1.0) {
      const std::int64_t n_pairs = pairs_within_folds(units);
      if (n_pairs >= kLeastUnitsForAuc) {
        metric.interval = exact_interval(n_pairs, n_pairs);
        metric.interval->method = "exact, disjoint pairs within folds";
        metric.why_not.clear();
      }
    }
    return metric;
  }

  struct Pair {
    const Observations &first, &second;
  };
  MeasuredMetric auc_difference_over_units(std::optional<double> estimate, const Pair& units,
                                           const std::vector<UnitCall>& calls) const {
    const auto unit = numbers_of(calls);
    MeasuredMetric metric = over_cells("auc", estimate, difference_of(mean_auc(units.first, unit), mean_auc(units.second, unit)));
    metric.over_units = true;
    return metric;
  }

  MeasuredMetric accuracy_difference_over_units(const Pair& units, const std::vector<UnitCall>& calls) const {
    const auto unit = numbers_of(calls);
    std::vector<double> gain(class_.size()), n(class_.size());
    double sum = 0;
    for (std::size_t i = 0; i < unit.size(); ++i) {
      const double here =
          (units.first.called[i] == units.first.truth[i] ? 1 : 0) - (units.second.called[i] == units.second.truth[i] ? 1 : 0);
      gain[unit[i]] += here;
      n[unit[i]] += 1;
      sum += here;
    }
    MeasuredMetric metric = over_cells("accuracy", sum / static_cast<double>(unit.size()), share_of(std::move(gain), std::move(n)));
    metric.over_units = true;
    return metric;
  }

 private:
  std::vector<std::int64_t> numbers_of(const std::vector<UnitCall>& calls) const {
    std::vector<std::int64_t> unit;
    for (const auto& call : calls) unit.push_back(unit_[call.mean.cells.front()]);
    return unit;
  }

  std::int64_t pairs_within_folds(const Observations& units) const {
    std::vector<std::int64_t> positive(n_folds_), negative(n_folds_);
    for (std::size_t i = 0; i < units.truth.size(); ++i) ++(units.truth[i] == units.positive ? positive : negative)[units.fold[i]];
    std::int64_t n = 0;
    for (std::size_t f = 0; f < n_folds_; ++f) n += std::min(positive[f], negative[f]);
    return n;
  }

  // Σ times · right / Σ times · n.
  static UnitStatistic share_of(std::vector<double> right, std::vector<double> n) {
    return [right = std::move(right), n = std::move(n)](std::span<const std::uint32_t> times) -> std::optional<double> {
      double hits = 0, all = 0;
      for (std::size_t u = 0; u < times.size(); ++u) {
        hits += times[u] * right[u];
        all += times[u] * n[u];
      }
      return all > 0 ? std::optional(hits / all) : std::nullopt;
    };
  }

  UnitStatistic mean_auc(const Observations& all, const std::vector<std::int64_t>& unit) const {
    auto folds = std::make_shared<std::vector<CellAuc>>();
    const auto flags = all.is_positive();
    const auto scores = all.scores();
    for (std::size_t f = 0; f < n_folds_; ++f) {
      std::vector<std::uint8_t> positive;
      std::vector<double> score;
      std::vector<std::int64_t> of_unit;
      for (std::size_t i = 0; i < flags.size(); ++i) {
        if (all.fold[i] != static_cast<std::int32_t>(f)) continue;
        positive.push_back(flags[i]);
        score.push_back(scores[i]);
        of_unit.push_back(unit[i]);
      }
      folds->emplace_back(CellAuc::Cells{.positive = positive, .scores = score, .unit = of_unit, .n_units = std::ssize(class_)});
    }
    return [folds](std::span<const std::uint32_t> times) {
      std::vector<std::optional<double>> auc;
      for (const auto& fold : *folds) auc.push_back(fold(times));
      return mean_of(auc);
    };
  }

  MeasuredMetric over_cells(std::string name, std::optional<double> estimate, const UnitStatistic& statistic) const {
    MeasuredMetric metric{.metric = std::move(name), .over_units = false, .estimate = estimate};
    if (!estimate) {
      metric.why_not = "no fold has units of both classes";
      return metric;
    }
    Bootstrap found = cluster_bootstrap(class_, statistic, options_);
    metric.interval = found.bca ? found.bca : found.percentile;
    if (!metric.interval) metric.why_not = found.why_not;
    return metric;
  }

  const Observations& cells_;
  std::size_t n_folds_;
  std::vector<std::int64_t> unit_;   // [cells] from 0
  std::vector<std::int32_t> class_;  // [units]
  BootstrapOptions options_;
};

// Shares of units called right, each with the interval of a share.
std::vector<MeasuredMetric> shares(const Observations& units, const std::vector<std::string>& classes) {
  std::vector<std::int64_t> n(classes.size()), right(classes.size());
  for (std::size_t i = 0; i < units.truth.size(); ++i) {
    ++n[units.truth[i]];
    right[units.truth[i]] += units.called[i] == units.truth[i] ? 1 : 0;
  }
  std::vector<MeasuredMetric> out;
  const auto add = [&](const std::string& name, std::int64_t hits, std::int64_t all) {
    const auto estimate = all > 0 ? std::optional(static_cast<double>(hits) / static_cast<double>(all)) : std::nullopt;
    out.push_back(with(name, estimate, proportion_interval(hits, all)));
  };
  std::int64_t hits = 0;
  for (const std::int64_t x : right) hits += x;
  add("accuracy", hits, std::ssize(units.truth));
  if (classes.size() == 2) {
    add("sensitivity", right[units.positive], n[units.positive]);
    add("specificity", right[1 - units.positive], n[1 - units.positive]);
    return out;
  }
  for (std::size_t c = 0; c < classes.size(); ++c) add("recall of " + classes[c], right[c], n[c]);
  return out;
}

std::vector<FoldScore> describe_folds(const ScoringInput& input, const Observations& cells, const Observations& units) {
  std::vector<FoldScore> folds(input.folds.size());
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const auto fold = static_cast<std::int32_t>(f);
    folds[f].n_units = std::count(units.fold.begin(), units.fold.end(), fold);
    folds[f].threshold = input.folds[f].threshold;
    std::int64_t right = 0;
    for (std::size_t i = 0; i < cells.fold.size(); ++i) {
      if (cells.fold[i] != fold) continue;
      ++folds[f].n_cells;
      right += cells.called[i] == cells.truth[i] ? 1 : 0;
    }
    folds[f].cell_accuracy = static_cast<double>(right) / static_cast<double>(std::max<std::int64_t>(1, folds[f].n_cells));
  }
  return folds;
}

}  // namespace

LabelScores score_label(const ScoringInput& input) {
  LabelScores out;
  const Observations cells = observe_cells(input);
  out.calls = call_units(input, cells);
  const Observations units = observe_units(out.calls, cells);
  out.cells = cells.classify();
  out.units = units.classify();
  out.folds = describe_folds(input, cells, units);

  const Curves cell_curves = curves_of(cells, input.folds.size());
  // A unit with cells in several folds was asked of several models: it has no score of its own.
  const Curves unit_curves = is_torn(out.calls, cells) ? Curves{.auc = std::vector<std::optional<double>>(input.folds.size())}
                                                       : curves_of(units, input.folds.size());
  for (std::size_t f = 0; f < out.folds.size(); ++f) {
    out.folds[f].cell_auc = cell_curves.auc[f];
    out.folds[f].unit_auc = unit_curves.auc[f];
  }
  out.cells.auc = mean_of(cell_curves.auc);
  out.units.auc = mean_of(unit_curves.auc);
  out.cell_roc = cell_curves.roc;
  out.unit_roc = unit_curves.roc;

  const Resampling resampling(input, cells);
  const bool two = cells.n_classes == 2;
  if (input.optimistic) {
    // An interval over units would speak of new ones; these were all seen in training.
    const std::string why = "cells of these units were in training";
    if (two) out.metrics.push_back({.metric = "auc", .estimate = out.units.auc, .why_not = why});
    for (auto& share : shares(units, input.test.classes())) {
      share.interval.reset();
      share.why_not = why;
      out.metrics.push_back(std::move(share));
    }
    if (two) out.metrics.push_back({.metric = "auc", .over_units = false, .estimate = out.cells.auc, .why_not = why});
    out.metrics.push_back({.metric = "accuracy", .over_units = false, .estimate = out.cells.accuracy, .why_not = why});
    return out;
  }
  if (two)
    out.metrics.push_back(input.folds.size() == 1 ? with("auc", out.units.auc, auc_interval(units.is_positive(), units.scores()))
                                                  : resampling.auc_over_units(out.units.auc, units, out.calls));
  for (auto& share : shares(units, input.test.classes())) out.metrics.push_back(std::move(share));
  if (two) out.metrics.push_back(resampling.auc_over_cells(out.cells.auc));
  out.metrics.push_back(resampling.accuracy(out.cells.accuracy));
  return out;
}

std::optional<double> unit_score(const ScoringInput& input) {
  const Observations cells = observe_cells(input);
  const Observations units = observe_units(call_units(input, cells), cells);
  if (cells.n_classes == 2) return mean_of(curves_of(units, input.folds.size()).auc);
  return units.classify().accuracy;
}

MeasuredMetric unit_difference(const ScoringInput& first, const ScoringInput& second) {
  const Observations cells_1 = observe_cells(first), cells_2 = observe_cells(second);
  const auto calls_1 = call_units(first, cells_1), calls_2 = call_units(second, cells_2);
  const Observations units_1 = observe_units(calls_1, cells_1), units_2 = observe_units(calls_2, cells_2);
  const bool two = cells_1.n_classes == 2;
  const auto minus = [](const std::optional<double>& a, const std::optional<double>& b) {
    return a && b ? std::optional(*a - *b) : std::nullopt;
  };
  if (first.optimistic) return {.metric = two ? "auc" : "accuracy", .why_not = "cells of these units were in training"};
  if (two && first.folds.size() == 1) {
    const auto scores_1 = units_1.scores(), scores_2 = units_2.scores();
    AucDifference found = auc_difference(units_1.is_positive(), {.a = scores_1, .b = scores_2});
    return with("auc", minus(units_1.classify().auc, units_2.classify().auc), std::move(found.difference));
  }
  const Resampling resampling(first, cells_1);
  if (two) {
    const auto auc = [&](const Observations& units) { return mean_of(curves_of(units, first.folds.size()).auc); };
    return resampling.auc_difference_over_units(minus(auc(units_1), auc(units_2)), {units_1, units_2}, calls_1);
  }
  return resampling.accuracy_difference_over_units({units_1, units_2}, calls_1);
}

std::string difference_in_words(const std::string& rival, const MeasuredMetric& difference) {
  const std::string metric = difference.metric == "auc" ? "AUC" : difference.metric;
  if (!difference.estimate) return fmt::format("Cannot be compared with {}: {}.", rival, difference.why_not);
  const std::string by = fmt::format("{} difference {:+.3f}", metric, *difference.estimate);
  if (!difference.interval)
    return fmt::format("Whether it is better than {} cannot be said ({}; {}).", rival, by, difference.why_not);
  const auto& [estimate, low, high, method] = *difference.interval;
  const std::string range = fmt::format("{}, 95 % interval {:+.3f} to {:+.3f}", by, low, high);
  if (low > 0) return fmt::format("Better than {} ({}).", rival, range);
  if (high < 0) return fmt::format("Worse than {} ({}).", rival, range);
  return fmt::format("No better than {} ({}).", rival, range);
}

}  // namespace cellverdict
