#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/confounding.h>
#include <cellverdict/evaluate/covariates.h>
#include <cellverdict/evaluate/protocol.h>
#include <cellverdict/evaluate/scoring.h>
#include <cellverdict/evaluate/subgroups.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/split/one_against_rest.h>
#include <cellverdict/stats/calibration.h>
#include <cellverdict/stats/metrics.h>
#include <cellverdict/stats/reliability.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace {

// Truth and probabilities of the cells that have a class of an extra head.
struct KnownCells {
  std::vector<std::int32_t> truth;
  std::vector<double> probability;
};
KnownCells known_cells(const TestView& test, const PredictedHead& head) {
  const auto n_classes = static_cast<std::int64_t>(head.classes.size());
  const auto codes = codes_against_rest(test.column(head.label, "[data] label"), head.classes, head.against);
  KnownCells known;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] < 0) continue;
    known.truth.push_back(codes[i]);
    const auto row = head.probability.begin() + static_cast<std::ptrdiff_t>(i) * n_classes;
    known.probability.insert(known.probability.end(), row, row + n_classes);
  }
  return known;
}

bool is_calibrated(const EvaluateInput& input) {
  return std::ranges::any_of(input.folds, [](const EvaluatedFold& fold) { return fold.decision.temperature != 1; });
}

// Each fold's cells by its own temperature.
std::vector<double> calibrated(const EvaluateInput& input, std::int64_t n_classes) {
  std::vector<double> out = input.heads[0].probability;
  std::int64_t begin = 0;
  for (const auto& fold : input.folds) {
    const auto part = std::span(out).subspan(static_cast<std::size_t>(begin * n_classes),
                                             static_cast<std::size_t>((fold.end - begin) * n_classes));
    if (fold.decision.temperature != 1)
      std::ranges::copy(apply_temperature(part, n_classes, fold.decision.temperature), part.begin());
    begin = fold.end;
  }
  return out;
}

std::string donors_of(const SplitSummary& split, const std::string& unit, const std::string& label) {
  for (const auto& entry : split.units)
    if (entry.side == Side::test && entry.unit == unit && entry.label == label) return donors_in_words(entry);
  return {};
}

// Prevalence gives every unit of a fold the same score, so its AUC is 0.5 whoever is drawn: what is unsure is the model's alone.
MeasuredMetric difference_to_guessing(const MeasuredMetric& auc) {
  MeasuredMetric difference = auc;
  if (difference.estimate) *difference.estimate -= 0.5;
  if (difference.interval) {
    difference.interval->estimate -= 0.5;
    difference.interval->low -= 0.5;
    difference.interval->high -= 0.5;
  }
  return difference;
}

RivalResult evaluate_rival(const ScoringInput& model, const RivalInput& rival) {
  ScoringInput with_rival{.test = model.test,
                          .probability = rival.probability,
                          .folds = model.folds,
                          .positive = model.positive,
                          .optimistic = model.optimistic,
                          .seed = model.seed,
                          .threads = model.threads};
  for (auto& fold : with_rival.folds) fold.threshold = 0.5;
  LabelScores scores = score_label(with_rival);
  RivalResult out{
      .name = rival.name, .how = rival.how, .cells = scores.cells, .units = scores.units, .metrics = std::move(scores.metrics)};
  out.difference = unit_difference(model, with_rival);
  out.sentence = difference_in_words(rival.name, out.difference);
  return out;
}

struct CellReliability {
  std::vector<CellBin> bins;
  std::optional<double> brier;
};

// Whether the probabilities of cells mean what they say.
CellReliability describe_probabilities(const TestView& test, const std::vector<double>& probability, std::int32_t positive) {
  CellReliability out;
  if (test.classes().size() != 2 || test.n_cells() == 0) return out;
  std::vector<std::int32_t> truth;
  std::vector<std::uint8_t> flags;
  std::vector<double> scores;
  for (std::int64_t i = 0; i < test.n_cells(); ++i) {
    truth.push_back(test.label(i));
    flags.push_back(test.label(i) == positive);
    scores.push_back(probability[2 * i + positive]);
  }
  for (const auto& bin : reliability_bins(flags, scores)) out.bins.push_back({bin.mean_probability, bin.n, bin.n_positive});
  out.brier = brier_score({.truth = truth, .probability = probability, .n_classes = 2, .positive = positive});
  return out;
}

// Those asked for, else the covariates; the split's own column is always looked at.
std::vector<std::string> subgroups_of(const TestView& test, const EvaluateInput& input, const EvaluateOptions& options) {
  std::vector<std::string> extra_heads;
  for (std::size_t h = 1; h < input.heads.size(); ++h) extra_heads.push_back(input.heads[h].label);
  const CohortRoles& roles = test.roles();
  std::vector<std::string> names =
      options.subgroups.empty() ? covariates_of({input.split, extra_heads, roles, input.confounding}, options) : options.subgroups;
  const std::string& by = input.split.by;
  if (!by.empty() && by != roles.label && by != roles.unit && by != roles.donor && std::ranges::find(names, by) == names.end())
    names.push_back(by);
  return names;
}

// [classes] of a view.
std::vector<std::int64_t> units_of_classes(const CellView& view) {
  std::set<std::pair<std::int32_t, std::int32_t>> seen;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) seen.emplace(view.label(i), view.unit_number(i));
  std::vector<std::int64_t> n(view.classes().size());
  for (const auto& [label, unit] : seen) ++n[label];
  return n;
}

CellSamplings sampled(const EvaluateInput& input, const ScoringInput& scoring, const std::vector<UnitCall>& calls) {
  CellSamplings out = input.samplings;
  if (out.n_drawings == 0) return out;
  std::vector<UnitDraws> draws;
  for (const auto& fold : input.folds) {
    draws.push_back(fold.draws);
    if (fold.decision.temperature == 1) continue;
    for (auto& p : draws.back().probability)
      p = apply_temperature(p, std::ssize(scoring.test.classes()), fold.decision.temperature);
  }
  out.metrics = score_samplings(scoring, calls, draws);
  return out;
}

HeadResult evaluate_label(const TestView& test, const EvaluateInput& input, const EvaluateOptions& options, std::int32_t positive,
                          Evaluation& out) {
  const PredictedHead& predicted = input.heads[0];
  const auto probability = calibrated(input, std::ssize(predicted.classes));
  ScoringInput scoring{.test = test,
                       .probability = probability,
                       .positive = positive,
                       .optimistic = input.split.optimistic,
                       .seed = input.seed,
                       .threads = input.threads};
  for (const auto& fold : input.folds) scoring.folds.push_back({fold.end, fold.decision.threshold});
  LabelScores scores = score_label(scoring);
  CellReliability reliability = describe_probabilities(test, probability, positive);
  out.cell_bins = std::move(reliability.bins);
  out.cell_brier = reliability.brier;
  std::vector<UnitMean> before;
  if (is_calibrated(input)) {
    reliability = describe_probabilities(test, predicted.probability, positive);
    out.uncalibrated_cell_bins = std::move(reliability.bins);
    out.uncalibrated_cell_brier = reliability.brier;
    before = unit_means(test, predicted.probability);
  }
  for (const auto& rival : input.rivals) {
    out.rivals.push_back(evaluate_rival(scoring, rival));
    if (rival.name != "majority" || out.classes.size() != 2) continue;
    out.rivals.back().difference = difference_to_guessing(scores.metrics.front());
    out.rivals.back().sentence = difference_in_words(rival.name, out.rivals.back().difference);
  }
  out.samplings = sampled(input, scoring, scores.calls);
  out.subgroups = judge_subgroups(scoring, scores.calls, subgroups_of(test, input, options));
  std::optional<Column> stratum;
  if (!input.split.by.empty()) stratum = test.column(input.split.by, "[split] by");
  for (std::size_t u = 0; u < scores.calls.size(); ++u) {
    auto& call = scores.calls[u];  // in the order of unit_means
    out.units.push_back({.unit = call.mean.unit,
                         .donor = donors_of(out.split, call.mean.unit, out.classes[call.mean.label]),
                         .label = out.classes[call.mean.label],
                         .stratum = stratum ? stratum->text(call.mean.cells[0]) : "",
                         .n_cells = call.mean.n_cells,
                         .probability = call.mean.probability,
                         .predicted = out.classes[call.called],
                         .cell_accuracy = call.cell_accuracy,
                         .uncalibrated = before.empty() ? std::vector<double>() : before[u].probability});
  }
  out.metrics = std::move(scores.metrics);
  if (input.folds.size() > 1) {
    out.folds = std::move(scores.folds);
    for (std::size_t f = 0; f < input.folds.size(); ++f) {
      const Decision& decision = input.folds[f].decision;
      out.folds[f].held_out = input.folds[f].held_out;
      out.folds[f].taught_units = units_of_classes(input.folds[f].train);
      out.folds[f].temperature = decision.temperature;
      out.folds[f].threshold_source = decision.threshold_source;
      out.folds[f].temperature_source = decision.temperature_source;
    }
  }
  return {.label = predicted.label,
          .classes = predicted.classes,
          .weight = predicted.weight,
          .cells = scores.cells,
          .units = scores.units,
          .cell_roc = std::move(scores.cell_roc),
          .unit_roc = std::move(scores.unit_roc)};
}

std::optional<HeadResult> evaluate_extra_head(const TestView& test, const PredictedHead& predicted) {
  const KnownCells known = known_cells(test, predicted);
  if (known.truth.empty()) return std::nullopt;
  const auto n_classes = std::ssize(predicted.classes);
  const ClassificationInput cells{.truth = known.truth, .probability = known.probability, .n_classes = n_classes};
  const std::string shown = predicted.against.empty() ? predicted.label : predicted.label + ": " + predicted.against + " or not";
  HeadResult head{.label = shown, .classes = predicted.classes, .weight = predicted.weight, .cells = classify(cells)};
  if (n_classes == 2) {
    std::vector<std::uint8_t> positive;
    std::vector<double> scores;
    for (std::size_t i = 0; i < known.truth.size(); ++i) {
      positive.push_back(known.truth[i] == 1);
      scores.push_back(known.probability[2 * i + 1]);
    }
    head.cell_roc = roc_curve(positive, scores);
  }
  return head;
}

// Of always answering the class with most training cells, fold by fold.
double majority_accuracy(const EvaluateInput& input, const TestView& test) {
  std::int64_t right = 0, cell = 0;
  for (const auto& fold : input.folds) {
    std::vector<std::int64_t> n(fold.train.classes().size());
    for (std::int64_t i = 0; i < fold.train.n_cells(); ++i) ++n[fold.train.label(i)];
    const auto majority = static_cast<std::int32_t>(std::max_element(n.begin(), n.end()) - n.begin());
    for (; cell < fold.end; ++cell) right += test.label(cell) == majority;
  }
  return static_cast<double>(right) / static_cast<double>(test.n_cells());
}

const OptionTable<EvaluationSet>& set_options() {
  static const auto table = OptionTable<EvaluationSet>("evaluate.set")
                                .add("name", &EvaluationSet::name, "of the set in tables and figures")
                                .add("where", &EvaluationSet::where, "which cells of the test side, as [data] where");
  return table;
}

void read_sets(EvaluateOptions& options, const Value& value, const std::string& where) {
  const auto* list = std::get_if<ValueList>(&value.data);
  if (list == nullptr)
    throw UsageError({.where = where,
                      .found = value.kind(),
                      .expected = "a list of sets",
                      .advice = "write [[evaluate.set]] with name and where"});
  options.sets.clear();
  for (const auto& item : *list) {
    EvaluationSet set;
    set_options().read(item, set, where);
    const bool taken = set.name == "test" || std::ranges::find(options.sets, set.name, &EvaluationSet::name) != options.sets.end();
    if (set.name.empty() || set.where.empty() || taken)
      throw UsageError({.where = where,
                        .found = taken ? "the name '" + set.name + "' twice"
                                       : "a set without " + std::string(set.name.empty() ? "name" : "where"),
                        .expected = "a name of its own and which cells it is of",
                        .advice = "write [[evaluate.set]] name = \"monocytes\", where = \"cell_type == 'monocyte'\""});
    options.sets.push_back(std::move(set));
  }
}

Value write_sets(const EvaluateOptions& options) {
  ValueList list;
  for (const auto& set : options.sets) list.push_back({set_options().write(set), {}});
  return {std::move(list), {}};
}

}  // namespace

const OptionTable<EvaluateOptions>& evaluate_options() {
  static const auto table =
      OptionTable<EvaluateOptions>("evaluate")
          .add(
              "covariates", &EvaluateOptions::covariates,
              "obs columns for covariate-only baselines; empty: the split's `by` and the extra heads; columns found to go with the "
              "label are always among them")
          .add("same_as_label", &EvaluateOptions::same_as_label,
               "obs columns that say the label in other words (a code of the diagnosis): neither warned of nor held against the "
               "model")
          .add(
              "baselines", &EvaluateOptions::baselines,
              "simple models in the same table: majority, covariates, composition, pseudobulk, embedding, cells, pca, latent, "
              "latent "
              "mean (each where the data and the model allow it; the last three: logistic regressions on 256 principal components "
              "of cells, on the model's latent numbers of cells, on their mean over a unit's cells)",
              one_of({"majority", "covariates", "composition", "pseudobulk", "embedding", "cells", "pca", "latent", "latent mean"}))
          .add("classifiers", &EvaluateOptions::classifiers,
               "what composition, pseudobulk and embedding are each put into: logistic, knn, mlp",
               one_of({"logistic", "knn", "mlp"}))
          .add("embedding", &EvaluateOptions::embedding,
               "name in the sources' obsm of an embedding of every cell (X_scGPT), whose mean over a unit's cells is what the "
               "embedding baselines know; empty: none")
          .add("neighbours", &EvaluateOptions::neighbours, "of the classifier knn, each counting once", between(1, 10000))
          .add("mlp_width", &EvaluateOptions::mlp_width, "hidden units of the classifier mlp", between(1, 65536))
          .add("mlp_penalty", &EvaluateOptions::mlp_penalty,
               "L2 penalty of the classifier mlp (scikit-learn's alpha); 1: as that of the logistic regression", at_least(0))
          .add("cell_type", &EvaluateOptions::cell_type,
               "obs column of the composition baseline; empty: `cell_type` where there is one, else types found by k-means")
          .add("types", &EvaluateOptions::types,
               "how many types k-means looks for among the training cells, where no column names any; 0: no composition baseline "
               "then",
               between(0, 200))
          .add("subgroups", &EvaluateOptions::subgroups,
               "obs columns (sex, site) whose values get a table of their own, over units; empty: the covariates")
          .add("permute", &EvaluateOptions::permute,
               "negative control: which pipelines are run anew with the labels of units dealt at random: linear (pseudobulk, "
               "seconds), model (everything that was trained, net included, as often as model_permutations says)",
               one_of({"linear", "model"}))
          .add("permutations", &EvaluateOptions::permutations,
               "deals of the units' labels on which the linear pipeline (pseudobulk) is run again; 0: none", between(0, 100000))
          .add("model_permutations", &EvaluateOptions::model_permutations,
               "deals on which the whole net is trained again, where permute names model; 19 are the fewest that can give p = 0.05",
               between(0, 100000))
          .add("permute_within", &EvaluateOptions::permute_within,
               "obs column (site, batch) within whose values labels are dealt; empty: all units, or the values of a matched scheme")
          .add("threshold", &EvaluateOptions::threshold, "for calling the positive class: 0.5, or chosen on validation units",
               one_of({"0.5", "validation"}))
          .add("temperature", &EvaluateOptions::temperature,
               "of the probabilities: 1, or fitted on validation, every unit weighing the same", one_of({"1", "1.0", "validation"}))
          .add("samplings", &EvaluateOptions::samplings,
               "kind = \"bag\": drawings of each unit's cells that the one trained model is asked about; the mean of their "
               "probabilities is the answer, and how far they lie apart is shown",
               between(1, 1000))
          .add("normal", &EvaluateOptions::normal,
               "class of the label that all others together are held against, in the tables of named sets; empty: none")
          .add_custom("set", "[[evaluate.set]] name, where: further cells of the test side, asked about after every epoch",
                      read_sets, write_sets);
  return table;
}

std::vector<std::string> covariates_of(const CovariateSources& from, const EvaluateOptions& options) {
  const CohortRoles& roles = from.roles;
  std::vector<std::string> names = options.covariates;
  const auto add = [&](const std::string& name) {
    if (name.empty() || name == roles.label || name == roles.unit || name == roles.donor) return;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (options.covariates.empty()) {
    add(from.split.by);
    for (const auto& head : from.extra_heads) add(head);
  }
  for (const auto& row : from.confounding)
    if (may_explain_label(row)) add(row.column);
  return names;
}

Evaluation evaluate(const TestView& test, const EvaluateInput& input, const EvaluateOptions& options) {
  Evaluation out{.name = input.name, .split = input.split, .classes = test.classes()};
  const Decision& first = input.folds.front().decision;
  out.threshold = first.threshold;
  out.threshold_source = first.threshold_source;
  out.temperature = first.temperature;
  out.temperature_source = first.temperature_source;
  std::int32_t positive = 1;
  if (out.classes.size() == 2) {
    out.positive = test.roles().positive;
    positive = static_cast<std::int32_t>(std::find(out.classes.begin(), out.classes.end(), out.positive) - out.classes.begin());
  }

  out.heads.push_back(evaluate_label(test, input, options, positive, out));
  for (std::size_t h = 1; h < input.heads.size(); ++h) {
    if (auto head = evaluate_extra_head(test, input.heads[h])) {
      out.heads.push_back(*std::move(head));
    } else {
      out.warnings.push_back("No test cell has a value of '" + input.heads[h].label + "': its head is not evaluated.");
    }
  }
  for (const auto& head : out.heads) out.combined_loss += head.weight * head.cells.loss;
  std::vector<std::string> extra_heads;
  for (std::size_t h = 1; h < input.heads.size(); ++h) extra_heads.push_back(input.heads[h].label);
  const auto covariates = covariates_of({input.split, extra_heads, test.roles(), input.confounding}, options);
  if (input.folds.size() == 1)
    for (const auto& covariate : covariates) out.baselines.push_back(evaluate_covariate(input.folds[0].train, test, covariate));
  out.majority_accuracy = majority_accuracy(input, test);
  out.confounding = input.confounding;
  for (const auto& row : out.confounding)
    if (!row.warning.empty()) out.warnings.push_back(row.warning);
  word_evaluation(test.roles(), covariates, out);
  return out;
}

}  // namespace cellverdict
