#include <cellverdict/evaluate/resampling.h>

#include <cellverdict/stats/leave_pair_out.h>

#include <algorithm>
#include <map>
#include <memory>

namespace cellverdict {

namespace {

constexpr int kDraws = 2000;

// Σ times · right / Σ times · n.
UnitStatistic share_of(std::vector<double> right, std::vector<double> n) {
  return [right = std::move(right), n = std::move(n)](std::span<const std::uint32_t> times) -> std::optional<double> {
    double hits = 0, all = 0;
    for (std::size_t u = 0; u < times.size(); ++u) {
      hits += times[u] * right[u];
      all += times[u] * n[u];
    }
    return all > 0 ? std::optional(hits / all) : std::nullopt;
  };
}

}  // namespace

std::vector<std::uint8_t> Observations::is_positive() const {
  std::vector<std::uint8_t> flags;
  for (const std::int32_t c : truth) flags.push_back(c == positive);
  return flags;
}

std::vector<double> Observations::scores() const {
  std::vector<double> out;
  for (std::size_t i = static_cast<std::size_t>(positive); i < probability.size(); i += 2) out.push_back(probability[i]);
  return out;
}

Observations Observations::of_fold(std::int32_t f) const {
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

Classification Observations::classify() const {
  return cellverdict::classify(
      {.truth = truth, .probability = probability, .n_classes = n_classes, .positive = positive, .called = called});
}

Resampling::Resampling(const ScoringInput& input, const Observations& cells) : cells_(cells), n_folds_(input.folds.size()) {
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

MeasuredMetric Resampling::accuracy(double estimate) const {
  std::vector<double> right(class_.size()), n(class_.size());
  for (std::size_t i = 0; i < unit_.size(); ++i) {
    n[unit_[i]] += 1;
    right[unit_[i]] += cells_.called[i] == cells_.truth[i] ? 1 : 0;
  }
  return over_cells("accuracy", estimate, share_of(std::move(right), std::move(n)));
}

MeasuredMetric Resampling::auc_over_cells(std::optional<double> estimate) const {
  return over_cells("auc", estimate, mean_auc(cells_, unit_));
}

MeasuredMetric Resampling::auc_over_units(std::optional<double> estimate, const Observations& units,
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

MeasuredMetric Resampling::auc_difference_over_units(std::optional<double> estimate, const Pair& units,
                                                     const std::vector<UnitCall>& calls) const {
  const auto unit = numbers_of(calls);
  MeasuredMetric metric = over_cells("auc", estimate, difference_of(mean_auc(units.first, unit), mean_auc(units.second, unit)));
  metric.over_units = true;
  // The same in every draw: separated units, or scores that say the same of everybody. Their own bounds still bound the difference.
  if (!metric.interval && metric.estimate) {
    const bool sure = guesses(units.first) || guesses(units.second);  // then one of the two has no doubt of its own
    const double level = sure ? 0.95 : 0.975;
    const auto a = bounds_without_variance(units.first, level), b = bounds_without_variance(units.second, level);
    if (a && b) {
      metric.interval = Interval{
          .estimate = *metric.estimate,
          .low = a->low - b->high,
          .high = a->high - b->low,
          .method = sure ? "exact, disjoint pairs within folds" : "exact bounds over disjoint pairs within folds (Bonferroni)"};
      metric.why_not.clear();
    }
  }
  return metric;
}

bool Resampling::guesses(const Observations& units) const {
  const auto score = units.scores();
  std::vector<std::optional<double>> first(n_folds_);
  for (std::size_t i = 0; i < score.size(); ++i) {
    auto& of_fold = first[static_cast<std::size_t>(units.fold[i])];
    if (!of_fold) of_fold = score[i];
    if (score[i] != *of_fold) return false;
  }
  return true;
}

std::optional<Interval> Resampling::bounds_without_variance(const Observations& units, double level) const {
  if (guesses(units)) return Interval{.estimate = 0.5, .low = 0.5, .high = 0.5, .method = "the same score for all"};
  const std::int64_t n_pairs = pairs_within_folds(units);
  if (n_pairs < kLeastUnitsForAuc) return std::nullopt;
  std::vector<std::optional<double>> auc;
  for (std::size_t f = 0; f < n_folds_; ++f) {
    const Observations fold = units.of_fold(static_cast<std::int32_t>(f));
    if (!fold.truth.empty()) auc.push_back(fold.classify().auc);
  }
  const auto mean = mean_over_folds(auc);
  if (mean != 1.0 && mean != 0.0) return std::nullopt;
  return exact_interval(mean == 1.0 ? n_pairs : 0, n_pairs, level);
}

MeasuredMetric Resampling::accuracy_difference_over_units(const Pair& units, const std::vector<UnitCall>& calls) const {
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

MeasuredMetric Resampling::weighted_f1_over_units(double estimate, const Observations& units,
                                                  const std::vector<UnitCall>& calls) const {
  const auto n_classes = static_cast<std::size_t>(units.n_classes);
  const UnitStatistic statistic = [unit = numbers_of(calls), truth = units.truth, called = units.called,
                                   n_classes](std::span<const std::uint32_t> times) -> std::optional<double> {
    std::vector<double> n_true(n_classes), n_called(n_classes), hits(n_classes);
    double all = 0, sum = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const double n = times[unit[i]];
      n_true[truth[i]] += n;
      n_called[called[i]] += n;
      if (truth[i] == called[i]) hits[truth[i]] += n;
      all += n;
    }
    for (std::size_t c = 0; c < n_classes; ++c)
      if (n_true[c] + n_called[c] > 0) sum += n_true[c] * 2 * hits[c] / (n_true[c] + n_called[c]);
    return all > 0 ? std::optional(sum / all) : std::nullopt;
  };
  MeasuredMetric metric = over_cells(kWeightedF1, estimate, statistic);
  metric.over_units = true;
  return metric;
}

std::vector<std::int64_t> Resampling::numbers_of(const std::vector<UnitCall>& calls) const {
  std::vector<std::int64_t> unit;
  for (const auto& call : calls) unit.push_back(unit_[call.mean.cells.front()]);
  return unit;
}

std::int64_t Resampling::pairs_within_folds(const Observations& units) const {
  std::vector<std::int64_t> positive(n_folds_), negative(n_folds_);
  for (std::size_t i = 0; i < units.truth.size(); ++i) ++(units.truth[i] == units.positive ? positive : negative)[units.fold[i]];
  std::int64_t n = 0;
  for (std::size_t f = 0; f < n_folds_; ++f) n += std::min(positive[f], negative[f]);
  return n;
}

UnitStatistic Resampling::mean_auc(const Observations& all, const std::vector<std::int64_t>& unit) const {
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
    return mean_over_folds(auc);
  };
}

MeasuredMetric Resampling::over_cells(std::string name, std::optional<double> estimate, const UnitStatistic& statistic) const {
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

}  // namespace cellverdict
