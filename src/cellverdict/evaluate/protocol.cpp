#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/covariates.h>
#include <cellverdict/evaluate/protocol.h>
#include <cellverdict/evaluate/unit_means.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/stats/calibration.h>

#include <algorithm>

namespace cellverdict {

namespace {

std::vector<std::uint8_t> is_class(const std::vector<std::int32_t>& truth, std::int32_t positive) {
  std::vector<std::uint8_t> flags;
  for (const std::int32_t c : truth) flags.push_back(c == positive);
  return flags;
}

std::vector<double> class_scores(const std::vector<double>& probability, std::size_t n_classes, std::int32_t positive) {
  std::vector<double> scores;
  for (std::size_t i = positive; i < probability.size(); i += n_classes) scores.push_back(probability[i]);
  return scores;
}

// Truth and probabilities of the cells that have a class of this head.
struct KnownCells {
  std::vector<std::int32_t> truth;
  std::vector<double> probability;
};
KnownCells known_cells(const TestView& test, const PredictedHead& head, double temperature) {
  const auto n_classes = static_cast<std::int64_t>(head.classes.size());
  const auto codes = codes_of(test.column(head.label, "[data] label"), head.classes);
  KnownCells known;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] < 0) continue;
    known.truth.push_back(codes[i]);
    const auto row = head.probability.begin() + static_cast<std::ptrdiff_t>(i) * n_classes;
    known.probability.insert(known.probability.end(), row, row + n_classes);
  }
  if (temperature != 1) known.probability = apply_temperature(known.probability, n_classes, temperature);
  return known;
}

std::string donors_of(const SplitSummary& split, const std::string& unit, const std::string& label) {
  for (const auto& entry : split.units)
    if (entry.side == Side::test && entry.unit == unit && entry.label == label) return donors_in_words(entry);
  return {};
}

void evaluate_units(const TestView& test, const std::vector<double>& probability, std::int32_t positive, const Column* stratum,
                    HeadResult& head, Evaluation& out) {
  const auto n_classes = static_cast<std::int64_t>(out.classes.size());
  const auto means = unit_means(test, probability);
  std::vector<std::int32_t> truth;
  std::vector<double> unit_probability;
  for (const auto& unit : means) {
    truth.push_back(unit.label);
    unit_probability.insert(unit_probability.end(), unit.probability.begin(), unit.probability.end());
  }
  const ClassificationInput units{
      .truth = truth, .probability = unit_probability, .n_classes = n_classes, .positive = positive, .threshold = out.threshold};
  head.units = classify(units);
  if (n_classes == 2) head.unit_roc = roc_curve(is_class(truth, positive), class_scores(unit_probability, 2, positive));
  const auto called = predicted_classes(units);

  std::vector<std::int32_t> cell_truth;
  for (std::int64_t i = 0; i < test.n_cells(); ++i) cell_truth.push_back(test.label(i));
  const auto cell_called = predicted_classes(
      {.truth = cell_truth, .probability = probability, .n_classes = n_classes, .positive = positive, .threshold = out.threshold});
  for (std::size_t u = 0; u < means.size(); ++u) {
    std::int64_t right = 0;
    for (const std::int64_t i : means[u].cells) right += cell_called[i] == cell_truth[i];
    out.units.push_back({.unit = means[u].unit,
                         .donor = donors_of(out.split, means[u].unit, out.classes[means[u].label]),
                         .label = out.classes[means[u].label],
                         .stratum = stratum ? stratum->text(means[u].cells[0]) : "",
                         .n_cells = means[u].n_cells,
                         .probability = means[u].probability,
                         .predicted = out.classes[called[u]],
                         .cell_accuracy = static_cast<double>(right) / static_cast<double>(means[u].n_cells)});
  }
}

double majority_accuracy(const TrainView& train, const TestView& test) {
  std::vector<std::int64_t> n(train.classes().size());
  for (std::int64_t i = 0; i < train.n_cells(); ++i) ++n[train.label(i)];
  const auto majority = static_cast<std::int32_t>(std::max_element(n.begin(), n.end()) - n.begin());
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < test.n_cells(); ++i) right += test.label(i) == majority;
  return static_cast<double>(right) / static_cast<double>(test.n_cells());
}

std::vector<std::string> covariates_of(const EvaluateInput& input, const TestView& test, const EvaluateOptions& options) {
  if (!options.covariates.empty()) return options.covariates;
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    const auto& roles = test.roles();
    if (name.empty() || name == roles.label || name == roles.unit || name == roles.donor) return;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  add(input.split.by);
  for (std::size_t h = 1; h < input.heads.size(); ++h) add(input.heads[h].label);
  return names;
}

}  // namespace

const OptionTable<EvaluateOptions>& evaluate_options() {
  static const auto table =
      OptionTable<EvaluateOptions>("evaluate")
          .add("covariates", &EvaluateOptions::covariates,
               "obs columns for covariate-only baselines; empty: the split's `by` and the extra heads")
          .add("threshold", &EvaluateOptions::threshold, "for calling the positive class: 0.5, or chosen on validation units",
               one_of({"0.5", "validation"}))
          .add("temperature", &EvaluateOptions::temperature, "of the probabilities: 1, or fitted on validation cells",
               one_of({"1", "1.0", "validation"}));
  return table;
}

Evaluation evaluate(const TestView& test, const EvaluateInput& input, const EvaluateOptions& options) {
  Evaluation out{.name = input.name, .split = input.split, .classes = test.classes()};
  out.threshold = input.decision.threshold;
  out.threshold_source = input.decision.threshold_source;
  out.temperature = input.decision.temperature;
  out.temperature_source = input.decision.temperature_source;
  const bool two_classes = out.classes.size() == 2;
  const auto positive = two_classes
                            ? static_cast<std::int32_t>(std::find(out.classes.begin(), out.classes.end(), test.roles().positive) -
                                                        out.classes.begin())
                            : 1;
  if (two_classes) out.positive = test.roles().positive;
  std::optional<Column> stratum;
  if (!input.split.by.empty()) stratum = test.column(input.split.by, "[split] by");

  for (std::size_t h = 0; h < input.heads.size(); ++h) {
    const PredictedHead& predicted = input.heads[h];
    const bool is_label = h == 0;
    const KnownCells known = known_cells(test, predicted, is_label ? out.temperature : 1);
    if (known.truth.empty()) {
      out.warnings.push_back("No test cell has a value of '" + predicted.label + "': its head is not evaluated.");
      continue;
    }
    const auto n_classes = static_cast<std::int64_t>(predicted.classes.size());
    HeadResult head{.label = predicted.label, .classes = predicted.classes, .weight = predicted.weight};
    const std::int32_t head_positive = is_label ? positive : 1;
    head.cells = classify({.truth = known.truth,
                           .probability = known.probability,
                           .n_classes = n_classes,
                           .positive = head_positive,
                           .threshold = is_label ? out.threshold : 0.5});
    if (n_classes == 2)
      head.cell_roc = roc_curve(is_class(known.truth, head_positive), class_scores(known.probability, 2, head_positive));
    if (is_label) evaluate_units(test, known.probability, positive, stratum ? &*stratum : nullptr, head, out);
    out.combined_loss += head.weight * head.cells.loss;
    out.heads.push_back(std::move(head));
  }
  for (const auto& covariate : covariates_of(input, test, options))
    out.baselines.push_back(evaluate_covariate(input.train, test, covariate));
  out.majority_accuracy = majority_accuracy(input.train, test);
  word_evaluation(test.roles(), out);
  return out;
}

}  // namespace cellverdict
