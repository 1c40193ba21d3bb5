#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/covariates.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/split/split.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace cellverdict {

namespace {

const std::string kMissing = "(missing)";
constexpr double kSameShares = 0.1;  // classes whose shares of a covariate's values differ by no more have the same

struct UnitCovariate {
  std::string unit;
  std::string value;
  std::int32_t label = 0;
  std::int64_t n_cells = 0;
};

// One entry per unit, class and value: a unit may have cells of several values.
std::vector<UnitCovariate> units_of(const CellView& view, const std::string& covariate) {
  const Column column = view.column(covariate, "[evaluate] covariates");
  std::map<std::tuple<std::string, std::int32_t, std::string>, std::int64_t> n;
  for (std::int64_t i = 0; i < view.n_cells(); ++i)
    ++n[{view.unit(i), view.label(i), column.missing(i) ? kMissing : column.text(i)}];
  std::vector<UnitCovariate> units;
  for (const auto& [key, cells] : n) units.push_back({std::get<0>(key), std::get<2>(key), std::get<1>(key), cells});
  return units;
}

std::string class_list(const std::vector<std::int64_t>& units, const std::vector<std::string>& classes) {
  std::vector<std::string> present;
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (units[c] > 0) present.push_back(classes[c]);
  return joined_in_words(present);
}

std::int64_t n_classes_in(const std::vector<std::int64_t>& units) {
  return std::count_if(units.begin(), units.end(), [](auto n) { return n > 0; });
}

// "day 16 is Control only in training and Patient in the test".
std::string contrast(const CovariateBaseline& b, const std::vector<std::string>& classes) {
  std::vector<std::string> parts;
  for (const auto& rule : b.rules) {
    if (n_classes_in(rule.test_units) == 0) continue;
    const std::string here = class_list(rule.test_units, classes) + " in the test";
    const std::string value = b.covariate + " " + rule.value;
    const auto seen = n_classes_in(rule.train_units);
    parts.push_back(seen == 0   ? value + " is new to the model and has " + here
                    : seen == 1 ? value + " is " + class_list(rule.train_units, classes) + " only in training and " + here
                                : value + " has " + class_list(rule.train_units, classes) + " in training and " + here);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(parts.size(), 6); ++i)
    text += (i == 0 ? "" : i + 1 == parts.size() ? ", and " : ", ") + parts[i];
  if (parts.size() > 6) text += ", …";
  return text;
}

// Whether every class of the test has the same values, in much the same shares: then no rule on them can tell the classes apart.
// Each unit counts once, spread over its values.
bool same_in_all_classes(const std::vector<UnitCovariate>& test_units, std::size_t n_classes) {
  std::map<std::pair<std::string, std::int32_t>, double> cells;
  std::vector<double> n_units(n_classes);
  for (const auto& part : test_units) cells[{part.unit, part.label}] += static_cast<double>(part.n_cells);
  for (const auto& [key, n] : cells) ++n_units[key.second];
  std::map<std::string, std::vector<double>> share;
  for (const auto& part : test_units)
    share.try_emplace(part.value, n_classes).first->second[part.label] +=
        static_cast<double>(part.n_cells) / cells.at({part.unit, part.label}) / n_units[part.label];
  std::optional<std::size_t> first;
  for (std::size_t c = 0; c < n_classes; ++c) {
    if (n_units[c] == 0) continue;
    if (!first) first = c;
    double apart = 0;
    for (const auto& [value, of_class] : share) apart += std::abs(of_class[c] - of_class[*first]) / 2;
    if (apart > kSameShares) return false;
  }
  return true;
}

std::string explain(const CovariateBaseline& b, const std::vector<std::string>& classes, bool same) {
  if (!b.unit_auc)
    return fmt::format("The {} alone calls test units with balanced accuracy {:.2f}.", b.covariate, b.unit_balanced_accuracy);
  const double auc = *b.unit_auc;
  const std::string score = fmt::format("A rule that knows only the {} scores AUC {:.2f} on the test units", b.covariate, auc);
  if (auc <= kRuleInvertedAt)
    return fmt::format("{}: {}. A model that learns the {} instead of the label is confidently wrong here.", score,
                       contrast(b, classes), b.covariate);
  if (auc >= kRuleRivalAt)
    return fmt::format("{}: {}. A good score of the model may be the {} and not the label.", score, contrast(b, classes),
                       b.covariate);
  if (same)
    return fmt::format("{}: {}. The {} cannot carry the label here, so what the model scores is not owed to it.", score,
                       contrast(b, classes), b.covariate);
  const bool unseen = std::any_of(b.rules.begin(), b.rules.end(), [](const CovariateRule& rule) {
    return n_classes_in(rule.train_units) == 0 && n_classes_in(rule.test_units) > 0;
  });
  return fmt::format(
      "{}: {}. {}, but the {} differs between the classes of the test: the model may still read it.", score, contrast(b, classes),
      unseen ? "Of values that training never had the rule cannot speak" : "The rule finds no help in it", b.covariate);
}

}  // namespace

CovariateBaseline evaluate_covariate(const TrainView& train, const TestView& test, const std::string& covariate) {
  const std::size_t n_classes = train.classes().size();
  CovariateBaseline baseline{.covariate = covariate};
  const auto train_units = units_of(train, covariate), test_units = units_of(test, covariate);

  std::vector<std::string> values;
  for (const auto* units : {&train_units, &test_units})
    for (const auto& unit : *units) values.push_back(unit.value);
  const auto n_missing = std::erase(values, kMissing);
  sort_labels(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (n_missing > 0) values.push_back(kMissing);
  if (std::ssize(values) > kMostNamedValues)
    throw DataError({.where = "[evaluate] covariates",
                     .found = "'" + covariate + "' with " + with_commas(std::ssize(values)) + " values",
                     .expected = "at most " + with_commas(kMostNamedValues),
                     .advice = "name a column of units, such as a batch or a day, not a number measured per cell"});
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < values.size(); ++i) place.emplace(values[i], i);
  const auto rule_of = [&](const std::string& value) -> CovariateRule& { return baseline.rules[place.at(value)]; };
  for (const auto& value : values)
    baseline.rules.push_back(
        {.value = value, .train_units = std::vector<std::int64_t>(n_classes), .test_units = std::vector<std::int64_t>(n_classes)});
  std::vector<double> prevalence(n_classes);
  for (const auto& unit : train_units) {
    ++rule_of(unit.value).train_units[unit.label];
    prevalence[unit.label] += 1 / static_cast<double>(train_units.size());
  }
  for (const auto& unit : test_units) ++rule_of(unit.value).test_units[unit.label];

  // A unit's probability is the mean over its cells, as the model's is.
  std::map<std::pair<std::string, std::int32_t>, std::pair<std::int64_t, std::vector<double>>> sums;
  std::vector<std::int32_t> truth, cell_truth;
  std::vector<double> probability, cell_probability;
  for (const auto& part : test_units) {
    const auto& seen = rule_of(part.value).train_units;
    double total = 0;
    for (const auto n : seen) total += static_cast<double>(n);
    std::vector<double> p(n_classes);
    for (std::size_t c = 0; c < n_classes; ++c) p[c] = total > 0 ? static_cast<double>(seen[c]) / total : prevalence[c];
    auto& [n_cells, sum] = sums.try_emplace({part.unit, part.label}, 0, std::vector<double>(n_classes)).first->second;
    n_cells += part.n_cells;
    for (std::size_t c = 0; c < n_classes; ++c) sum[c] += p[c] * static_cast<double>(part.n_cells);
    for (std::int64_t i = 0; i < part.n_cells; ++i) {
      cell_truth.push_back(part.label);
      cell_probability.insert(cell_probability.end(), p.begin(), p.end());
    }
  }
  for (const auto& [key, unit] : sums) {
    truth.push_back(key.second);
    for (const double p : unit.second) probability.push_back(p / static_cast<double>(unit.first));
  }
  const auto positive = static_cast<std::int32_t>(
      std::find(train.classes().begin(), train.classes().end(), train.roles().positive) - train.classes().begin());
  const auto k = static_cast<std::int64_t>(n_classes);
  const Classification units = classify({.truth = truth, .probability = probability, .n_classes = k, .positive = positive});
  baseline.unit_balanced_accuracy = units.balanced_accuracy;
  if (n_classes == 2) {
    baseline.unit_auc = units.auc;
    baseline.cell_auc = classify({.truth = cell_truth, .probability = cell_probability, .n_classes = k, .positive = positive}).auc;
  }
  baseline.sentence = explain(baseline, train.classes(), same_in_all_classes(test_units, n_classes));
  return baseline;
}

}  // namespace cellverdict
