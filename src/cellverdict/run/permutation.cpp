#include <cellverdict/run/permutation.h>

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/baselines.h>
#include <cellverdict/evaluate/scoring.h>
#include <cellverdict/evaluate/unit_profiles.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/run/predicted_side.h>
#include <cellverdict/run/prediction_table.h>
#include <cellverdict/stats/permutation.h>

#include <fmt/format.h>

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

// What a pipeline says of the test units of one cohort.
class Pipeline {
 public:
  Pipeline(const RunContext& context, const Experiment& experiment) : context_(context), experiment_(experiment) {}
  virtual ~Pipeline() = default;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  std::optional<double> score(const std::shared_ptr<const Cohort>& cohort) const {
    const std::vector<Split> splits = make_splits(context_, cohort, experiment_);
    std::vector<double> probability;
    std::vector<FoldRange> ranges;
    for (const auto& split : splits) {
      FoldRange range{.end = split.test().n_cells() + (ranges.empty() ? 0 : ranges.back().end)};
      const auto said = ask(split, range);
      probability.insert(probability.end(), said.begin(), said.end());
      ranges.push_back(range);
    }
    const TestView all = join_tests(splits).cells;
    const auto positive = cohort->classes.size() == 2 ? cohort->positive_class() : 1;
    return unit_score({.test = all, .probability = probability, .folds = ranges, .positive = positive});
  }

 protected:
  // Fits on the split and gives [test cells, classes]; may settle the threshold.
  virtual std::vector<double> ask(const Split& split, FoldRange& range) const = 0;

  const RunContext& context_;
  const Experiment& experiment_;
};

class LinearPipeline : public Pipeline {
 public:
  LinearPipeline(const RunContext& context, const Experiment& experiment, const UnitProfiles& profiles)
      : Pipeline(context, experiment), profiles_(profiles) {}

 private:
  std::vector<double> ask(const Split& split, FoldRange&) const override {
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
    return predict_baselines(request, {"pseudobulk"})[0].probability;
  }

  const UnitProfiles& profiles_;
};

class NetPipeline : public Pipeline {
 public:
  using Pipeline::Pipeline;

 private:
  std::vector<double> ask(const Split& split, FoldRange& range) const override {
    const Classifier classifier = fit_model(context_, experiment_, split);
    range.threshold = classifier.card().threshold;
    return calibrated(predict_side(context_, classifier, split.test(), experiment_.evaluate.samplings).heads[0], classifier.card());
  }
};

std::string stratum_column(const Experiment& e) {
  if (!e.evaluate.permute_within.empty()) return e.evaluate.permute_within;
  if (e.cv.scheme == "matched") return e.cv.by;
  return e.cv.scheme == "none" && e.split.scheme == "matched" ? e.split.by : "";
}

[[noreturn]] void interrupt() {
  throw Interrupted({.where = "permuting labels", .found = "an interrupt", .expected = "", .advice = "run again to start over"});
}

struct Deals {
  const RunContext& context;
  const Cohort& cohort;
  const UnitLabels& units;
  std::int64_t n = 0;
  const char* stage;
};

// After the first deal, which says how long the rest will take.
void say_how_long(const Deals& deals, double seconds, std::int64_t left) {
  if (left == 0 || seconds * static_cast<double>(left) < 5) return;
  const double rest = seconds * static_cast<double>(left);
  deals.context.log(fmt::format("permute   {:.1f} s a deal: about {} for the other {}", seconds,
                                rest < 120 ? fmt::format("{:.0f} s", rest) : fmt::format("{:.0f} min", rest / 60), left));
}

void deal(const Deals& deals, const Pipeline& pipeline, PermutationResult& out) {
  const LabelledUnits labelled{.label = deals.units.label, .stratum = deals.units.stratum};
  const auto dealt = std::make_shared<Cohort>(deals.cohort);
  const Stopwatch watch;
  for (std::int64_t b = 0; b < deals.n; ++b) {
    const auto label = permuted_labels(labelled, deals.context.seed, static_cast<std::uint64_t>(b));
    for (std::size_t i = 0; i < dealt->label.size(); ++i) dealt->label[i] = label[deals.cohort.unit[i]];
    try {
      if (const auto score = pipeline.score(dealt)) out.deals.push_back(*score);
    } catch (const DataError&) {
      // A deal that leaves a side without a class has no score.
    } catch (const Interrupted&) {
      interrupt();  // nothing of a dealt training is kept
    }
    if (b == 0) say_how_long(deals, watch.seconds(), deals.n - 1);
    deals.context.progress(deals.stage, b + 1, deals.n);
    if (deals.context.stopping()) interrupt();
  }
  const auto n_undefined = deals.n - std::ssize(out.deals);
  if (static_cast<double>(n_undefined) > kMostUndefined * static_cast<double>(deals.n)) {
    out.why_not = counted(n_undefined, "deal") + " of the labels gave no score";
    return;
  }
  out.p_value = permutation_test(out.observed, out.deals).p_value;
  out.smallest_p = smallest_p(std::ssize(out.deals), count_permutations(labelled));
}

bool is_asked_for(const EvaluateOptions& options, const char* pipeline) {
  return std::find(options.permute.begin(), options.permute.end(), pipeline) != options.permute.end();
}

// A context in which nothing is said: a dealt training is no news.
RunContext silent(const RunContext& context) {
  RunContext out;
  out.threads = context.threads;
  out.seed = context.seed;
  out.memory_bytes = context.memory_bytes;
  out.stop = context.stop;
  return out;
}

}  // namespace

std::vector<PermutationResult> permute_labels(const RunContext& context, const Experiment& experiment,
                                              const std::vector<FoldRun>& folds, const std::optional<double>& score) {
  const EvaluateOptions& options = experiment.evaluate;
  const bool linear = is_asked_for(options, "linear") && options.permutations > 0;
  const bool net = is_asked_for(options, "model") && options.model_permutations > 0;
  const Cohort& cohort = *folds.front().cohort;
  PermutationResult empty{.statistic = cohort.classes.size() == 2 ? "auc" : "accuracy", .within = stratum_column(experiment)};
  const UnitLabels units = labels_of_units(cohort, empty.within);
  const auto count = count_permutations({.label = units.label, .stratum = units.stratum});
  empty.why_not = folds.front().split.summary().optimistic ? "cells of these units were in training" : units.why_not;
  if (empty.why_not.empty()) {
    empty.n_distinct = count.exact;
    if (count.log10 < std::log10(kFewestDeals))
      empty.why_not = "the labels can be dealt in " + count.exact + " ways only: no p below 0.05 is possible";
  }
  std::vector<PermutationResult> out;
  const RunContext quiet = silent(context);
  if (linear) {
    PermutationResult result = empty;
    result.model = "pseudobulk";
    if (result.why_not.empty()) {
      UnitProfiles profiles(std::ssize(cohort.units), cohort.table->n_genes());
      const Split& first = folds.front().split;
      profiles.add(first.train());
      if (const auto validation = first.validation()) profiles.add(*validation);
      profiles.add(first.test());
      const LinearPipeline pipeline(quiet, experiment, profiles);
      if (const auto observed = pipeline.score(folds.front().cohort)) {
        result.observed = *observed;
        deal({context, cohort, units, options.permutations, "permute"}, pipeline, result);
      } else {
        result.why_not = "no fold has units of both classes";
      }
    }
    out.push_back(std::move(result));
  }
  if (net) {
    PermutationResult result = empty;
    result.model = kPermutedNet;
    if (result.why_not.empty() && !score) result.why_not = "no fold has units of both classes";
    if (result.why_not.empty()) {
      result.observed = *score;
      context.log(fmt::format("permute   the whole net anew on {} of the labels, {} each: the least p that can come out is {:.3g}",
                              counted(options.model_permutations, "deal"), counted(std::ssize(folds), "training"),
                              smallest_p(options.model_permutations, count)));
      deal({context, cohort, units, options.model_permutations, "permute the net"}, NetPipeline(quiet, experiment), result);
    }
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace cellverdict
