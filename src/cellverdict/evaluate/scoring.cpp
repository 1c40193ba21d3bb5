#include <cellverdict/evaluate/scoring.h>

#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/resampling.h>
#include <cellverdict/stats/leave_pair_out.h>
#include <cellverdict/stats/metrics.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace cellverdict {

namespace {

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

MeasuredMetric with(std::string metric, std::optional<double> estimate, MaybeInterval found) {
  return {.metric = std::move(metric),
          .estimate = estimate,
          .interval = std::move(found.interval),
          .why_not = std::move(found.why_not)};
}

void describe_units(const Observations& units, FoldScore& fold) {
  fold.class_units.assign(static_cast<std::size_t>(units.n_classes), 0);
  fold.class_right = fold.class_units;
  for (std::size_t i = 0; i < units.truth.size(); ++i) {
    ++fold.class_units[units.truth[i]];
    fold.class_right[units.truth[i]] += units.called[i] == units.truth[i] ? 1 : 0;
  }
  if (units.truth.empty()) return;
  const Classification all = units.classify();
  fold.unit_accuracy = all.accuracy;
  fold.unit_weighted_f1 = weighted_f1(all);
}

std::vector<FoldScore> describe_folds(const ScoringInput& input, const Observations& cells, const Observations& units) {
  std::vector<FoldScore> folds(input.folds.size());
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const auto fold = static_cast<std::int32_t>(f);
    folds[f].n_units = std::count(units.fold.begin(), units.fold.end(), fold);
    folds[f].threshold = input.folds[f].threshold;
    describe_units(units.of_fold(fold), folds[f]);
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

constexpr std::int64_t kLeastUnitsOfClass = kLeastUnitsForAuc;

// Intervals over units would speak of new ones; these were all seen in training.
constexpr const char* kSeenInTraining = "cells of these units were in training";

}  // namespace

std::vector<MeasuredMetric> shares_right(const ScoringInput& input, const std::vector<const UnitCall*>& calls) {
  const auto& classes = input.test.classes();
  std::vector<std::int64_t> n(classes.size()), right(classes.size());
  for (const UnitCall* call : calls) {
    ++n[call->mean.label];
    right[call->mean.label] += call->called == call->mean.label ? 1 : 0;
  }
  std::vector<MeasuredMetric> out;
  const auto add = [&](const std::string& name, std::int64_t hits, std::int64_t all) {
    const auto estimate = all > 0 ? std::optional(static_cast<double>(hits) / static_cast<double>(all)) : std::nullopt;
    out.push_back(with(name, estimate, proportion_interval(hits, all)));
    if (!input.optimistic) return;
    out.back().interval.reset();
    out.back().why_not = kSeenInTraining;
  };
  // Of a class of two or three units even the exact interval says next to nothing, and reads as if it did.
  const auto add_of_class = [&](const std::string& name, std::size_t c) {
    add(name, right[c], n[c]);
    if (input.optimistic || n[c] == 0 || n[c] >= kLeastUnitsOfClass) return;
    out.back().interval.reset();
    out.back().why_not = fmt::format("{} of {}, fewer than {}", counted(n[c], "unit"), classes[c], kLeastUnitsOfClass);
  };
  std::int64_t hits = 0;
  for (const std::int64_t x : right) hits += x;
  add("accuracy", hits, std::ssize(calls));
  if (classes.size() == 2) {
    add_of_class("sensitivity", static_cast<std::size_t>(input.positive));
    add_of_class("specificity", static_cast<std::size_t>(1 - input.positive));
    return out;
  }
  for (std::size_t c = 0; c < classes.size(); ++c) add_of_class("recall of " + classes[c], c);
  return out;
}

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
  out.cells.auc = mean_over_folds(cell_curves.auc);
  out.units.auc = mean_over_folds(unit_curves.auc);
  out.cell_roc = cell_curves.roc;
  out.unit_roc = unit_curves.roc;

  const Resampling resampling(input, cells);
  const bool two = cells.n_classes == 2;
  std::vector<const UnitCall*> all;
  for (const auto& call : out.calls) all.push_back(&call);
  if (input.optimistic) {
    const std::string why = kSeenInTraining;
    if (two) out.metrics.push_back({.metric = "auc", .estimate = out.units.auc, .why_not = why});
    for (auto& share : shares_right(input, all)) out.metrics.push_back(std::move(share));
    out.metrics.push_back({.metric = kWeightedF1, .estimate = weighted_f1(out.units), .why_not = why});
    if (two) out.metrics.push_back({.metric = "auc", .over_units = false, .estimate = out.cells.auc, .why_not = why});
    out.metrics.push_back({.metric = "accuracy", .over_units = false, .estimate = out.cells.accuracy, .why_not = why});
    return out;
  }
  if (two)
    out.metrics.push_back(input.folds.size() == 1 ? with("auc", out.units.auc, auc_interval(units.is_positive(), units.scores()))
                                                  : resampling.auc_over_units(out.units.auc, units, out.calls));
  for (auto& share : shares_right(input, all)) out.metrics.push_back(std::move(share));
  out.metrics.push_back(resampling.weighted_f1_over_units(weighted_f1(out.units), units, out.calls));
  if (two) out.metrics.push_back(resampling.auc_over_cells(out.cells.auc));
  out.metrics.push_back(resampling.accuracy(out.cells.accuracy));
  return out;
}

std::vector<SampledMetric> score_samplings(const ScoringInput& input, const std::vector<UnitCall>& calls,
                                           const std::vector<UnitDraws>& draws) {
  std::vector<std::map<std::string, std::size_t>> place(draws.size());
  for (std::size_t f = 0; f < draws.size(); ++f)
    for (std::size_t u = 0; u < draws[f].unit.size(); ++u) place[f].emplace(draws[f].unit[u], u);
  std::vector<SampledMetric> out = {{"auc", {}},         {"accuracy", {}}, {"balanced accuracy", {}},
                                    {"weighted F1", {}}, {"macro F1", {}}, {"loss", {}}};
  const std::size_t k = input.test.classes().size(), n_drawings = draws.empty() ? 0 : draws[0].probability.size();
  for (std::size_t d = 0; d < n_drawings; ++d) {
    Observations units{.n_classes = static_cast<std::int64_t>(k), .positive = input.positive};
    for (const auto& call : calls) {
      const auto f = static_cast<std::size_t>(call.fold);
      const auto row = std::span(draws[f].probability[d]).subspan(place[f].at(call.mean.unit) * k, k);
      units.truth.push_back(call.mean.label);
      units.called.push_back(predicted_class(row, input.positive, input.folds[f].threshold));
      units.fold.push_back(call.fold);
      units.probability.insert(units.probability.end(), row.begin(), row.end());
    }
    const Classification all = units.classify();
    if (const auto auc = mean_over_folds(curves_of(units, input.folds.size()).auc)) out[0].values.push_back(*auc);
    out[1].values.push_back(all.accuracy);
    out[2].values.push_back(all.balanced_accuracy);
    out[3].values.push_back(weighted_f1(all));
    out[4].values.push_back(macro_f1(all));
    out[5].values.push_back(all.loss);
  }
  std::erase_if(out, [&](const SampledMetric& metric) { return metric.values.size() != n_drawings; });
  return out;
}

std::optional<double> unit_score(const ScoringInput& input) {
  const Observations cells = observe_cells(input);
  const Observations units = observe_units(call_units(input, cells), cells);
  if (cells.n_classes == 2) return mean_over_folds(curves_of(units, input.folds.size()).auc);
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
  if (first.optimistic) return {.metric = two ? "auc" : "accuracy", .why_not = kSeenInTraining};
  if (two && first.folds.size() == 1) {
    const auto scores_1 = units_1.scores(), scores_2 = units_2.scores();
    AucDifference found = auc_difference(units_1.is_positive(), {.a = scores_1, .b = scores_2});
    return with("auc", minus(units_1.classify().auc, units_2.classify().auc), std::move(found.difference));
  }
  const Resampling resampling(first, cells_1);
  if (two) {
    const auto auc = [&](const Observations& units) { return mean_over_folds(curves_of(units, first.folds.size()).auc); };
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
