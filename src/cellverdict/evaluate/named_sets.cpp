#include <cellverdict/evaluate/named_sets.h>

#include <cellverdict/base/nearest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace {

std::int32_t class_number(const TestView& cells, const std::string& name) {
  return static_cast<std::int32_t>(std::ranges::find(cells.classes(), name) - cells.classes().begin());
}

std::vector<std::int32_t> labels_of(const TestView& cells) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < cells.n_cells(); ++i) labels.push_back(cells.label(i));
  return labels;
}

// Two columns: the normal class, and all others together.
std::vector<double> binary_of(const std::vector<double>& probability, std::int64_t n_classes, std::int32_t normal) {
  std::vector<double> out;
  for (std::size_t at = 0; at < probability.size(); at += static_cast<std::size_t>(n_classes)) {
    const double p = std::clamp(probability[at + static_cast<std::size_t>(normal)], 0.0, 1.0);
    out.push_back(p);
    out.push_back(1 - p);
  }
  return out;
}

std::vector<std::int32_t> binary_of(std::vector<std::int32_t> labels, std::int32_t normal) {
  for (auto& label : labels) label = label == normal ? 0 : 1;
  return labels;
}

SetScores scores_of(const Classification& c) {
  return {.n = c.n,
          .loss = c.loss,
          .accuracy = c.accuracy,
          .balanced_accuracy = c.balanced_accuracy,
          .f1 = c.f1,
          .macro_f1 = macro_f1(c),
          .weighted_f1 = weighted_f1(c),
          .auc = c.auc};
}

// Units as observations: the mean probability of their cells against their label.
SetScores binary_of_units(const std::vector<UnitCall>& calls, std::int64_t n_classes, std::int32_t normal) {
  std::vector<double> probability;
  std::vector<std::int32_t> truth;
  for (const auto& call : calls) {
    probability.insert(probability.end(), call.mean.probability.begin(), call.mean.probability.end());
    truth.push_back(call.mean.label);
  }
  const auto two = binary_of(probability, n_classes, normal);
  const auto truths = binary_of(std::move(truth), normal);
  return scores_of(classify({.truth = truths, .probability = two, .n_classes = 2, .positive = 1}));
}

SetScores own_head_of_units(const std::vector<UnitCall>& calls, const std::vector<double>& own_head, std::int32_t normal) {
  std::vector<double> probability;
  std::vector<std::int32_t> truth;
  for (const auto& call : calls) {
    double disease = 0;
    for (const std::int64_t cell : call.mean.cells) disease += own_head[2 * cell + 1] / static_cast<double>(call.mean.n_cells);
    probability.insert(probability.end(), {1 - disease, disease});
    truth.push_back(call.mean.label);
  }
  const auto truths = binary_of(std::move(truth), normal);
  return scores_of(classify({.truth = truths, .probability = probability, .n_classes = 2, .positive = 1}));
}

// `own_head`, [cells, 2], says normal or not of itself, instead of what the classes of disease add up to; may be none.
SetModel judge(const SetInput& input, const SetAnswer& answer, std::int32_t positive, std::int32_t normal,
               const std::vector<double>& own_head) {
  const auto n_classes = std::ssize(input.cells.classes());
  const LabelScores scores = score_label({.test = input.cells,
                                          .probability = answer.probability,
                                          .folds = input.folds,
                                          .positive = positive,
                                          .optimistic = input.optimistic,
                                          .seed = input.seed,
                                          .threads = input.threads});
  SetModel out{.name = answer.name,
               .how = answer.how,
               .cells = scores_of(scores.cells),
               .units = scores_of(scores.units),
               .metrics = scores.metrics};
  for (const auto& call : scores.calls)
    out.calls.push_back({.unit = call.mean.unit,
                         .label = input.cells.classes()[call.mean.label],
                         .predicted = input.cells.classes()[call.called],
                         .n_cells = call.mean.n_cells,
                         .cell_accuracy = call.cell_accuracy});
  if (normal >= 0) {
    const auto two = binary_of(answer.probability, n_classes, normal);
    const auto truth = binary_of(labels_of(input.cells), normal);
    out.binary_cells = scores_of(classify({.truth = truth, .probability = two, .n_classes = 2, .positive = 1}));
    out.binary_units = binary_of_units(scores.calls, n_classes, normal);
    if (own_head.empty()) return out;
    out.own_head_cells = scores_of(classify({.truth = truth, .probability = own_head, .n_classes = 2, .positive = 1}));
    out.own_head_units = own_head_of_units(scores.calls, own_head, normal);
  }
  return out;
}

}  // namespace

std::int32_t number_of_normal(const std::string& normal, const std::vector<std::string>& classes, const std::string& label) {
  if (normal.empty()) return -1;
  const auto found = std::ranges::find(classes, normal);
  if (found == classes.end())
    throw UsageError({.where = "[evaluate] normal",
                      .found = "'" + normal + "', which is no class of " + label,
                      .expected = "",
                      .advice = suggestion(normal, classes)});
  return static_cast<std::int32_t>(found - classes.begin());
}

SetResult evaluate_set(const SetInput& input) {
  const TestView& cells = input.cells;
  const auto& classes = cells.classes();
  SetResult out{.name = input.set.name, .where = input.set.where, .n_cells = cells.n_cells()};
  std::set<std::int32_t> units;
  std::vector<std::int64_t> of_class(classes.size());
  for (std::int64_t i = 0; i < cells.n_cells(); ++i) {
    units.insert(cells.unit_number(i));
    ++of_class[cells.label(i)];
  }
  out.n_units = std::ssize(units);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    out.class_cells.push_back(of_class[c]);
    if (of_class[c] == 0) out.missing.push_back(classes[c]);
  }
  const std::int32_t positive = classes.size() == 2 ? class_number(cells, cells.roles().positive) : 1;
  const std::int32_t normal = number_of_normal(input.normal, classes, cells.roles().label);
  for (const auto& answer : input.answers)
    out.models.push_back(judge(input, answer, positive, normal, out.models.empty() ? input.own_head : std::vector<double>()));
  const auto truth = labels_of(cells);
  for (std::size_t e = 0; e < input.epochs.size(); ++e) {
    const Classification c =
        classify({.truth = truth, .probability = input.epochs[e], .n_classes = std::ssize(classes), .positive = positive});
    SetEpoch epoch{.epoch = static_cast<std::int64_t>(e) + 1, .cells = scores_of(c)};
    if (normal >= 0) {
      const auto two = binary_of(input.epochs[e], std::ssize(classes), normal);
      epoch.binary = scores_of(classify({.truth = binary_of(truth, normal), .probability = two, .n_classes = 2, .positive = 1}));
    }
    out.curve.push_back(epoch);
  }
  return out;
}

namespace {

std::string scores_as_tsv(const SetScores& s) {
  return fmt::format("{}\t{:.9g}\t{:.9g}\t{:.9g}\t{:.9g}\t{:.9g}\t{:.9g}\t{}", s.n, s.accuracy, s.balanced_accuracy, s.f1,
                     s.macro_f1, s.weighted_f1, s.loss, s.auc ? fmt::format("{:.9g}", *s.auc) : "");
}

constexpr const char* kScoreColumns = "n\taccuracy\tbalanced_accuracy\tf1\tmacro_f1\tweighted_f1\tloss\tauc";

}  // namespace

std::string sets_as_tsv(const std::vector<SetResult>& sets) {
  std::string tsv = std::string("set\tmodel\tlabel\tover\t") + kScoreColumns + "\n";
  for (const auto& set : sets)
    for (const auto& model : set.models) {
      const auto line = [&](const char* label, const char* over, const SetScores& scores) {
        tsv += fmt::format("{}\t{}\t{}\t{}\t{}\n", set.name, model.name, label, over, scores_as_tsv(scores));
      };
      line("as it is", "cells", model.cells);
      line("as it is", "units", model.units);
      if (model.binary_cells) line("normal or not", "cells", *model.binary_cells);
      if (model.binary_units) line("normal or not", "units", *model.binary_units);
      if (model.own_head_cells) line("normal or not, own head", "cells", *model.own_head_cells);
      if (model.own_head_units) line("normal or not, own head", "units", *model.own_head_units);
    }
  return tsv;
}

std::string set_curves_as_tsv(const std::vector<SetResult>& sets) {
  std::string tsv = std::string("set\tepoch\tlabel\t") + kScoreColumns + "\n";
  for (const auto& set : sets)
    for (const auto& epoch : set.curve) {
      tsv += fmt::format("{}\t{}\tas it is\t{}\n", set.name, epoch.epoch, scores_as_tsv(epoch.cells));
      if (epoch.binary) tsv += fmt::format("{}\t{}\tnormal or not\t{}\n", set.name, epoch.epoch, scores_as_tsv(*epoch.binary));
    }
  return tsv;
}

}  // namespace cellverdict
