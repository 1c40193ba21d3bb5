#pragma once
// A cross-validation to look at: 24 donors in four folds, the model's score stronger than those of the simple models beside it.
// The intervals are those of the stats room; the scores are invented by a fixed random stream.

#include <cellverdict/stats/intervals.h>
#include <cellverdict/stats/metrics.h>
#include <report/example_evaluation.h>

#include <cstdint>
#include <string>
#include <vector>

namespace example {

inline MeasuredMetric measured(std::string name, std::optional<double> estimate, MaybeInterval found, bool over_units = true) {
  return {.metric = std::move(name),
          .over_units = over_units,
          .estimate = estimate,
          .interval = std::move(found.interval),
          .why_not = std::move(found.why_not)};
}

struct UnitScores {
  std::vector<std::uint8_t> positive;
  std::vector<double> probability;
};

// Of units alone: AUC and the shares called right at 0.5.
inline std::vector<MeasuredMetric> metrics_of(const UnitScores& units) {
  std::int64_t n[2] = {0, 0}, right[2] = {0, 0};
  for (std::size_t i = 0; i < units.positive.size(); ++i) {
    const int k = units.positive[i];
    ++n[k];
    right[k] += (units.probability[i] >= 0.5) == (k == 1) ? 1 : 0;
  }
  const auto share = [](const char* name, std::int64_t hits, std::int64_t all) {
    return measured(name, all > 0 ? std::optional(static_cast<double>(hits) / static_cast<double>(all)) : std::nullopt,
                    proportion_interval(hits, all));
  };
  return {measured("auc", roc_auc(units.positive, units.probability), auc_interval(units.positive, units.probability)),
          share("accuracy", right[0] + right[1], n[0] + n[1]), share("sensitivity", right[1], n[1]),
          share("specificity", right[0], n[0])};
}

inline UnitScores scores_of(const Evaluation& e) {
  UnitScores out;
  for (const auto& unit : e.units) {
    out.positive.push_back(unit.label == e.positive);
    out.probability.push_back(unit.probability[1]);
  }
  return out;
}

// What the protocol says of one split.
inline void measure(Evaluation& e) {
  e.metrics = metrics_of(scores_of(e));
  e.metrics.push_back({.metric = "auc",
                       .over_units = false,
                       .estimate = e.heads[0].cells.auc,
                       .why_not = "a class has 1 unit, fewer than the 10 a bootstrap needs"});
  const MeasuredMetric& auc = e.metrics[0];
  const std::string about = " that genotype can be read in new libraries: ";
  e.answer = auc.interval ? "Not shown" + about + "the interval includes 0.5." : "Cannot say" + about + auc.why_not + ".";
}

inline SplitSummary split_of_donors(int n_per_class) {
  SplitSummary split{.scheme = "group", .by = "donor", .n_folds = 4, .classes = {"Control", "Patient"}};
  for (const bool is_patient : {false, true})
    for (int i = 0; i < n_per_class; ++i) {
      const std::string name = (is_patient ? "P" : "C") + std::to_string(i + 1);
      split.units.push_back({name, {name}, is_patient ? "Patient" : "Control", i % 3 == 0 ? "site A" : "site B", Side::test, 400});
    }
  return split;
}

inline RivalResult rival_of(const Evaluation& e, const std::string& name, double separation, const std::string& how) {
  Random random(11, name);
  UnitScores theirs, ours = scores_of(e);
  for (const auto positive : ours.positive)
    theirs.probability.push_back(1 / (1 + std::exp(-(normal(random) + (positive == 1 ? separation : -separation) / 2))));
  theirs.positive = ours.positive;
  RivalResult out{.name = name, .how = how, .metrics = metrics_of(theirs)};
  const auto found = auc_difference(ours.positive, {.a = ours.probability, .b = theirs.probability}).difference;
  out.difference =
      measured("auc", *roc_auc(ours.positive, ours.probability) - *roc_auc(theirs.positive, theirs.probability), found);
  out.sentence =
      out.difference.interval && out.difference.interval->low > 0 ? "Better than " + name + "." : "No better than " + name + ".";
  return out;
}

inline ReportVariant folds_variant(int n_per_class = 12) {
  ReportVariant out = variant_of({"four folds, model A", split_of_donors(n_per_class), 0.9, 0.0, false, 6});
  Evaluation& e = out.evaluation;
  Random random(8, "donors");
  for (auto& unit : e.units) {  // a donor is more than the mean of its cells
    const double p = 1 / (1 + std::exp(-1.2 * (normal(random) + (unit.label == "Patient" ? 0.9 : -0.9))));
    unit.probability = {1 - p, p};
    unit.predicted = p >= 0.5 ? "Patient" : "Control";
  }
  measure(e);
  e.metrics.back().interval =
      Interval{.low = *e.heads[0].cells.auc - 0.07, .high = *e.heads[0].cells.auc + 0.06, .method = "BCa, units drawn"};
  e.shown = true;
  e.answer = "Shown that genotype can be read in new donors: over 24 units the AUC lies above 0.5.";
  e.verdict = "Four models, every donor tested once by one that had not seen it.";
  e.warnings.clear();
  e.first_lines.clear();
  e.baselines.clear();
  for (int f = 0; f < 4; ++f)
    e.folds.push_back({.held_out = f == 0 ? "C1, C5, C9, P1, P5 and P9" : "",
                       .n_units = n_per_class / 2,
                       .n_cells = 200 * n_per_class,
                       .unit_auc = f == 3 ? std::nullopt : std::optional(0.7 + 0.1 * f),
                       .cell_auc = 0.66 + 0.05 * f,
                       .cell_accuracy = 0.64 + 0.03 * f,
                       .threshold = 0.41 + 0.05 * f,
                       .temperature = 1.1 + 0.2 * f,
                       .threshold_source = "chosen on validation units",
                       .temperature_source = "fitted on validation cells, every unit weighing the same"});
  for (int bin = 0; bin < 10; ++bin)
    e.cell_bins.push_back({0.05 + 0.1 * bin, 960, static_cast<std::int64_t>((0.15 + 0.07 * bin) * 960)});
  e.cell_brier = 0.212;
  e.permutations = {{.model = "pseudobulk",
                     .statistic = "auc",
                     .observed = 0.889,
                     .deals = std::vector<double>(200, 0.5),
                     .p_value = 1.0 / 201,
                     .smallest_p = 1.0 / 201,
                     .n_distinct = "2704156"}};
  e.rivals = {rival_of(e, "majority", 0.0, "each class as likely as among the training units"),
              rival_of(e, "pseudobulk", 1.4, "logistic regression on the summed profile of each unit, 1,000 genes")};
  const std::string warning =
      "'site' goes with genotype (Cramér's V 0.61, p = 0.004, 24 units): a model may read it instead of the genotype.";
  e.confounding = {{.column = "sex", .n_values = 2, .n_units = 24, .v = 0.0, .p = 0.7},
                   {.column = "site",
                    .n_values = 3,
                    .n_units = 24,
                    .v = 0.61,
                    .p = 0.004,
                    .one_class_values = {{"B", "Control", 7}, {"C", "Patient", 1}},
                    .warning = warning},
                   {.column = "tube", .n_values = 24, .n_units = 24, .nested = "unit"}};
  e.warnings.push_back(warning);
  return out;
}

}  // namespace example
