#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/wording.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace cellverdict {

namespace {

// Up to this a model tells hardly more than a coin.
constexpr double kGuessingBelow = 0.6;

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// Where a class has one donor, the person and the disease are the same thing in these data.
void say_who_is_compared(const CohortRoles& roles, Evaluation& e) {
  std::map<std::string, std::set<std::string>> donors;
  for (const auto& unit : e.split.units)
    if (unit.side != Side::unused) donors[unit.label].insert(unit.donors.begin(), unit.donors.end());
  std::vector<std::string> alone;
  for (const auto& [label, names] : donors)
    if (names.size() < 2) alone.push_back(fmt::format("one donor is {} ({})", label, *names.begin()));
  if (alone.empty()) return;
  const std::string who = joined_in_words(alone);
  e.first_lines.push_back(
      fmt::format("{}: this study cannot separate the {} from the person.", capitalised("only " + who), roles.label));
}

void say_optimistic(Evaluation& e) {
  if (!e.split.optimistic) return;
  e.first_lines.push_back(capitalised(std::string(kOptimisticBanner)) + ". Split by donor before believing any number here.");
}

void warn_inverted(Evaluation& e) {
  const auto& auc = e.heads[0].cells.auc;
  if (e.classes.size() != 2 || !auc || *auc >= kInvertedBelow) return;
  std::string reason = "Look for something that goes with the label one way in training and the other way in the test.";
  double worst = kRuleInvertedAt;
  for (const auto& baseline : e.baselines) {
    if (!baseline.unit_auc || *baseline.unit_auc > worst) continue;
    if (*baseline.unit_auc == worst && worst < kRuleInvertedAt) continue;  // of equals the first
    worst = *baseline.unit_auc;
    reason = baseline.sentence;
  }
  const std::string other = e.classes[0] == e.positive ? e.classes[1] : e.classes[0];
  e.warnings.push_back(
      fmt::format("The ROC curve is inverted (AUC {:.3f}): {} cells of the test score higher for {} than {} cells do. {}", *auc,
                  other, e.positive, e.positive, reason));
}

std::string verdict(const CohortRoles& roles, const Evaluation& e) {
  const HeadResult& head = e.heads[0];
  const std::int64_t n_units = n_test_units(e);
  std::string text = fmt::format("On {} test cells of {} {}", with_commas(head.cells.n), n_units,
                                 e.split.optimistic ? "units it was also trained on"
                                 : n_units == 1     ? "held-out unit"
                                                    : "held-out units");
  const std::string task = e.classes.size() == 2
                               ? fmt::format("{} against {}", e.positive, e.classes[0] == e.positive ? e.classes[1] : e.classes[0])
                               : "the classes of " + roles.label;
  text += fmt::format(" ({}), the model scores {}accuracy {:.3f} for {}", roles.unit,
                      head.cells.auc ? fmt::format("AUC {:.3f} and ", *head.cells.auc) : "", head.cells.accuracy, task);
  if (head.units) {
    std::int64_t right = 0;
    for (const auto& unit : e.units) right += unit.predicted == unit.label;
    text += n_units == std::ssize(e.units)
                ? fmt::format("; it calls {} of {} units right", right, n_units)
                : fmt::format("; it calls {} of {} right, each class of a unit on its own", right, e.units.size());
  }
  if (head.cells.auc && *head.cells.auc < kInvertedBelow && e.classes.size() == 2) return text + ": inverted, worse than guessing.";
  // Of units that are told apart the single cells may hardly be.
  if (head.cells.auc && *head.cells.auc < kGuessingBelow)
    return text + (e.shown ? ": single cells are hardly told apart, their means over a unit are." : ": no better than guessing.");
  return text + ".";
}

const MeasuredMetric* find_metric(const Evaluation& e, const std::string& name) {
  for (const auto& metric : e.metrics)
    if (metric.over_units && metric.metric == name) return &metric;
  return nullptr;
}

const RivalResult* find_rival(const Evaluation& e, const std::string& name) {
  for (const auto& rival : e.rivals)
    if (rival.name == name) return &rival;
  return nullptr;
}

std::string interval_in_words(const MeasuredMetric& m) {
  return fmt::format("{:.3f} (95 % interval {:.3f} to {:.3f})", m.estimate.value_or(0), m.interval->low, m.interval->high);
}

// Of two classes the AUC against 0.5, of more the accuracy against answering by prevalence.
struct Evidence {
  bool estimable = false, above_chance = false, below_chance = false;
  std::string words;
};
Evidence evidence_of(const Evaluation& e, const std::string& units) {
  if (e.classes.size() == 2) {
    const MeasuredMetric* auc = find_metric(e, "auc");
    if (auc == nullptr || !auc->interval) return {.words = auc == nullptr ? "there is no AUC over units" : auc->why_not};
    return {.estimable = true,
            .above_chance = auc->interval->low > 0.5,
            .below_chance = auc->interval->high < 0.5,
            .words = fmt::format("over {} the AUC is {}", units, interval_in_words(*auc))};
  }
  const RivalResult* majority = find_rival(e, "majority");
  if (majority == nullptr || !majority->difference.interval)
    return {.words = majority == nullptr ? "there is no majority baseline to compare with" : majority->difference.why_not};
  const auto& difference = majority->difference;
  return {.estimable = true,
          .above_chance = difference.interval->low > 0,
          .below_chance = difference.interval->high < 0,
          .words = fmt::format("over {} the accuracy is {:+.3f} (95 % interval {:+.3f} to {:+.3f}) against answering by prevalence",
                               units, *difference.estimate, difference.interval->low, difference.interval->high)};
}

void answer(const CohortRoles& roles, const std::vector<std::string>& names, Evaluation& e) {
  const std::string units = counted(n_test_units(e), "unit");
  const std::string question = fmt::format("that {} can be read in new {}", roles.label, plural_of(roles.unit));
  if (e.split.optimistic) {
    e.answer = fmt::format("Not shown {}: cells of one donor stand on both sides of the split.", question);
    return;
  }
  const Evidence evidence = evidence_of(e, units);
  if (!evidence.estimable) {
    e.answer = fmt::format("Cannot say {}: not estimable, {}.", question, evidence.words);
    return;
  }
  const RivalResult* covariates = find_rival(e, "covariates");
  const bool beaten = covariates == nullptr || (covariates->difference.interval && covariates->difference.interval->low > 0);
  e.shown = evidence.above_chance && beaten;
  e.answer = fmt::format("{} {}: {}", e.shown ? "Shown" : "Not shown", question, evidence.words);
  if (!evidence.above_chance) {
    e.answer += evidence.below_chance ? ": worse than guessing." : e.classes.size() == 2 ? ", which includes 0.5." : ".";
    return;
  }
  if (!beaten) {
    e.answer += fmt::format(", but {} alone may explain it. {}", names.empty() ? "the covariates" : joined_in_words(names),
                            covariates->sentence);
    return;
  }
  std::vector<std::string> equals;
  for (const auto& rival : e.rivals)
    if (rival.name != "majority" && rival.name != "covariates" &&
        !(rival.difference.interval && rival.difference.interval->low > 0))
      equals.push_back(rival.name);
  const std::string simple = joined_in_words(equals);
  e.answer += equals.empty()
                  ? "."
                  : fmt::format("; not shown to be better than the simple {} {}.", equals.size() == 1 ? "model" : "models", simple);
}

}  // namespace

std::string joined_in_words(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
  return text;
}

void word_evaluation(const CohortRoles& roles, const std::vector<std::string>& covariates, Evaluation& e) {
  say_who_is_compared(roles, e);
  say_optimistic(e);
  warn_inverted(e);
  for (const auto& note : e.split.notes) e.warnings.push_back(note);
  answer(roles, covariates, e);
  e.verdict = verdict(roles, e);
}

}  // namespace cellverdict
