#include <cellverdict/run/permutation.h>

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/baselines.h>
#include <cellverdict/evaluate/scoring.h>
#include <cellverdict/evaluate/unit_profiles.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/stats/permutation.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

constexpr double kFewestDeals = 20;      // different ones: with fewer no p falls below 0.05
constexpr double kMostUndefined = 0.05;  // deals that give no score

// One label a unit, and the stratum it is dealt within.
struct UnitLabels {
  std::vector<std::int32_t> label, stratum;  // [units]; -1: a unit without a cell
  std::string why_not;
};

UnitLabels labels_of_units(const Cohort& cohort, const std::string& within) {
  UnitLabels units{.label = std::vector<std::int32_t>(cohort.units.size(), -1),
                   .stratum = std::vector<std::int32_t>(cohort.units.size(), 0),
                   .why_not = {}};
  std::vector<std::int32_t> stratum;
  if (!within.empty()) {
    const Column& column = cohort.table->obs().column(within, "[evaluate] permute_within");
    stratum = codes_of(column, distinct_values(column));
  }
  for (std::size_t i = 0; i < cohort.label.size(); ++i) {
    std::int32_t& known = units.label[cohort.unit[i]];
    if (known >= 0 && known != cohort.label[i]) units.why_not = "units with cells of several classes have no label to deal";
    known = cohort.label[i];
    if (!stratum.empty()) units.stratum[cohort.unit[i]] = stratum[i];
  }
  return units;
}

// The linear pipeline on one cohort: the score of pseudobulk regression over its test units.
class Pipeline {
 public:
  Pipeline(const RunContext& context, const Experiment& experiment, const UnitProfiles& profiles)
      : context_(context), experiment_(experiment), profiles_(profiles) {}

  std::optional<double> score(const std::shared_ptr<const Cohort>& cohort) const {
    const std::vector<Split> splits = make_splits(context_, cohort, experiment_);
    std::vector<double> probability;
    std::vector<FoldRange> ranges;
    for (const auto& split : splits) {
      const TrainView train = split.train();
      const TestView test = split.test();
      const Preparation preparation = fit_preparation(context_, train, experiment_.prepare);
      const BaselineRequest request{.context = context_,
                                    .train = train,
                                    .asked = test,
                                    .preparation = preparation,
                                    .covariates = {},
                                    .cell_type = {},
                                    .profiles = &profiles_};
      const auto said = predict_baselines(request, {"pseudobulk"});
      probability.insert(probability.end(), said[0].probability.begin(), said[0].probability.end());
      ranges.push_back({.end = test.n_cells() + (ranges.empty() ? 0 : ranges.back().end)});
    }
    const TestView all = join_tests(splits).cells;
    const auto positive = cohort->classes.size() == 2 ? cohort->positive_class() : 1;
    return unit_score({.test = all, .probability = probability, .folds = ranges, .positive = positive});
  }

 private:
  const RunContext& context_;
  const Experiment& experiment_;
  const UnitProfiles& profiles_;
};

std::string stratum_column(const Experiment& e) {
  if (!e.evaluate.permute_within.empty()) return e.evaluate.permute_within;
  if (e.cv.scheme == "matched") return e.cv.by;
  return e.cv.scheme == "none" && e.split.scheme == "matched" ? e.split.by : "";
}

}  // namespace

PermutationResult permute_labels(const RunContext& context, const Experiment& experiment, const std::vector<FoldRun>& folds) {
  PermutationResult out{.model = "pseudobulk"};
  const Cohort& cohort = *folds.front().cohort;
  out.statistic = cohort.classes.size() == 2 ? "auc" : "accuracy";
  out.within = stratum_column(experiment);
  const UnitLabels units = labels_of_units(cohort, out.within);
  out.why_not = folds.front().split.summary().optimistic ? "cells of these units were in training" : units.why_not;
  if (!out.why_not.empty()) return out;
  const LabelledUnits labelled{.label = units.label, .stratum = units.stratum};
  const auto count = count_permutations(labelled);
  out.n_distinct = count.exact;
  if (count.log10 < std::log10(kFewestDeals)) {
    out.why_not = "the labels can be dealt in " + count.exact + " ways only: no p below 0.05 is possible";
    return out;
  }

  UnitProfiles profiles(std::ssize(cohort.units), cohort.table->n_genes());
  const Split& first = folds.front().split;
  profiles.add(first.train());
  if (const auto validation = first.validation()) profiles.add(*validation);
  profiles.add(first.test());
  const Pipeline pipeline(context, experiment, profiles);
  const auto observed = pipeline.score(folds.front().cohort);
  if (!observed) {
    out.why_not = "no fold has units of both classes";
    return out;
  }
  out.observed = *observed;
  const auto dealt = std::make_shared<Cohort>(cohort);
  for (std::int64_t b = 0; b < experiment.evaluate.permutations; ++b) {
    const auto label = permuted_labels(labelled, context.seed, static_cast<std::uint64_t>(b));
    for (std::size_t i = 0; i < dealt->label.size(); ++i) dealt->label[i] = label[cohort.unit[i]];
    try {
      if (const auto score = pipeline.score(dealt)) out.deals.push_back(*score);
    } catch (const DataError&) {
      // A deal that leaves a side without a class has no score.
    }
    context.progress("permute", b + 1, experiment.evaluate.permutations);
    if (context.stopping())
      throw Interrupted(
          {.where = "permuting labels", .found = "an interrupt", .expected = "", .advice = "run again to start over"});
  }
  const auto n_undefined = experiment.evaluate.permutations - std::ssize(out.deals);
  if (static_cast<double>(n_undefined) > kMostUndefined * static_cast<double>(experiment.evaluate.permutations)) {
    out.why_not = counted(n_undefined, "deal") + " of the labels gave no score";
    return out;
  }
  out.p_value = permutation_test(*observed, out.deals).p_value;
  out.smallest_p = smallest_p(std::ssize(out.deals), count);
  return out;
}

}  // namespace cellverdict
