// What a clinician asks of a classifier: for what it may be used, what a call would mean where the disease is rarer, whom it calls
// wrong, and whether it fails in one group. The units are those of the test side; nothing is extrapolated but the prevalence.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <cellverdict/stats/intervals.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace cellverdict {

namespace {

constexpr double kPrevalences[] = {0.01, 0.05, 0.20, 0.50};
constexpr std::size_t kMostFailures = 20;

std::string percent(double share) {
  return fmt::format("{:g} %", 100 * share);
}

// Of the positive and of the others: units, and those called right.
struct CallCounts {
  std::int64_t n_positive = 0, hits = 0, n_negative = 0, rejections = 0;
};
CallCounts count_calls(const Evaluation& e) {
  CallCounts counts;
  for (const auto& unit : e.units) {
    const bool is_positive = unit.label == e.positive, called = unit.predicted == e.positive;
    ++(is_positive ? counts.n_positive : counts.n_negative);
    counts.hits += is_positive && called ? 1 : 0;
    counts.rejections += !is_positive && !called ? 1 : 0;
  }
  return counts;
}

// Bayes: of those called so, the share that is so. `found` of those that are so are called so, `spared` of the others are not.
std::optional<double> predictive_value(double found, double spared, double prevalence) {
  const double right = found * prevalence, wrong = (1 - spared) * (1 - prevalence);
  return right + wrong > 0 ? std::optional(right / (right + wrong)) : std::nullopt;
}

// It rises with both shares, so the ends of their 97.5 % intervals bound it at least 95 times in 100 (Bonferroni). The usual
// interval on the logit holds in half of the studies or fewer where a dozen units are nearly all called right.
Cell value_cell(const Interval& found, const Interval& spared, double prevalence) {
  const auto estimate = predictive_value(found.estimate, spared.estimate, prevalence);
  Cell cell = number_cell(metric(estimate));
  const double low = predictive_value(found.low, spared.low, prevalence).value_or(0);
  const double high = predictive_value(found.high, spared.high, prevalence).value_or(1);
  if (estimate) cell.note = fixed(low, 3) + " to " + fixed(high, 3);
  return cell;
}

// How sure the model was of its call.
double confidence_of(const Evaluation& e, const UnitResult& unit) {
  const auto called = static_cast<std::size_t>(std::ranges::find(e.classes, unit.predicted) - e.classes.begin());
  return called < unit.probability.size() ? unit.probability[called] : 0;
}

}  // namespace

bool shows_stratum(const Evaluation& e) {
  return std::ranges::any_of(e.units, [](const UnitResult& unit) { return !unit.stratum.empty() && unit.stratum != unit.donor; });
}

std::string predictive_table(const Evaluation& e, const std::string& unit_noun) {
  const CallCounts counts = count_calls(e);
  if (e.classes.size() != 2 || counts.n_positive == 0 || counts.n_negative == 0) return {};
  const std::string heading = "<h3>What a call would mean elsewhere</h3>\n";
  const std::string units = plural_of(unit_noun);
  const std::string basis = fmt::format("{} of {} {} {} were called so, and {} of {} others were not.", counts.hits,
                                        counts.n_positive, e.positive, units, counts.rejections, counts.n_negative);
  if (std::min(counts.n_positive, counts.n_negative) < kLeastUnitsForAuc)
    return heading + html_paragraph(fmt::format("Predictive values are not given below {} of each class. {}",
                                                counted(kLeastUnitsForAuc, unit_noun), basis),
                                    "soft");
  const MaybeInterval sensitivity = proportion_interval(counts.hits, counts.n_positive, 0.975);
  const MaybeInterval specificity = proportion_interval(counts.rejections, counts.n_negative, 0.975);
  Table table{.caption = "Predictive values at a given prevalence, from " + counted(n_test_units(e), unit_noun),
              .banner = banner_of(e),
              .columns = {"prevalence of\n" + e.positive, "called " + e.positive + ":\nis " + e.positive + " (PPV)",
                          "not called " + e.positive + ":\nis not (NPV)"}};
  for (const double prevalence : kPrevalences)
    table.rows.push_back({percent(prevalence), value_cell(*sensitivity.interval, *specificity.interval, prevalence),
                          value_cell(*specificity.interval, *sensitivity.interval, 1 - prevalence)});
  std::string said = basis;
  if (const auto ppv = predictive_value(sensitivity.interval->estimate, specificity.interval->estimate, kPrevalences[0]))
    said += fmt::format(
        " If that held where {:g} in 100 is {}, of 100 calls of {} about {:.0f} would be right and {:.0f} false alarms.",
        100 * kPrevalences[0], e.positive, e.positive, 100 * *ppv, 100 - 100 * *ppv);
  return heading + html_of(table) + html_paragraph(said) +
         html_paragraph(
             "Small numbers: at least 95 % intervals, from the ends of the 97.5 % intervals of sensitivity and specificity. "
             "The thresholds were settled before the test side was opened. That both are the same elsewhere is an "
             "assumption, not a finding.",
             "soft");
}

std::string failure_table(const Evaluation& e, const std::string& unit_noun) {
  std::vector<const UnitResult*> wrong;
  for (const auto& unit : e.units)
    if (unit.predicted != unit.label) wrong.push_back(&unit);
  if (e.units.empty()) return {};
  const std::string heading = "<h3>Called wrong</h3>\n", all = units_in_words(e, unit_noun);
  if (wrong.empty()) return heading + html_paragraph("None of " + all + " was called wrong.", "soft");
  std::ranges::stable_sort(wrong, std::greater<>(), [&](const UnitResult* unit) { return confidence_of(e, *unit); });
  Table table{.caption = fmt::format("{} of {}, the most confident first", wrong.size(), all),
              .banner = banner_of(e),
              .columns = {unit_noun, "donor", "truth", "called", "probability\nof the call", "cells", "cells\ncalled right"}};
  for (std::size_t i = 0; i < std::min(wrong.size(), kMostFailures); ++i) {
    const UnitResult& u = *wrong[i];
    table.rows.push_back({u.unit, u.donor, u.label, u.predicted, number_cell(fixed(confidence_of(e, u), 3)), count_cell(u.n_cells),
                          number_cell(fixed(100 * u.cell_accuracy, 1) + " %")});
    if (shows_stratum(e)) table.rows.back().insert(table.rows.back().begin() + 2, Cell(u.stratum));
  }
  if (shows_stratum(e)) table.columns.insert(table.columns.begin() + 2, e.split.by.empty() ? "stratum" : e.split.by);
  std::string out = heading + html_of(table);
  if (wrong.size() > kMostFailures)
    out += html_paragraph(fmt::format("{} more stand in the table of all {}.", wrong.size() - kMostFailures, plural_of(unit_noun)),
                          "soft");
  return out;
}

std::string subgroup_table(const Evaluation& e, const std::string& unit_noun) {
  std::string out;
  std::vector<std::string> none;
  for (const auto& subgroups : e.subgroups) {
    if (subgroups.groups.empty()) {
      none.push_back(subgroups.column + " makes no groups: " + subgroups.why_not + ".");
      continue;
    }
    Table table{.caption = "By " + subgroups.column + ", over " + units_in_words(e, unit_noun),
                .banner = banner_of(e),
                .columns = {subgroups.column, plural_of(unit_noun), "cells"}};
    for (const auto& m : subgroups.groups.front().metrics)
      table.columns.push_back((m.metric == "accuracy" ? "called right" : m.metric) + "\n95 % interval");
    for (const auto& group : subgroups.groups) {
      std::vector<Cell> row = {group.value, count_cell(group.n_units), count_cell(group.n_cells)};
      for (const auto& m : group.metrics) {
        Cell cell = number_cell(m.estimate ? fixed(*m.estimate, 3) : "n/a");
        cell.note = m.interval   ? fixed(m.interval->low, 3) + " to " + fixed(m.interval->high, 3)
                    : m.estimate ? "not estimable"
                                 : "no " + unit_noun;
        row.push_back(std::move(cell));
      }
      table.rows.push_back(std::move(row));
    }
    out += html_of(table);
  }
  if (out.empty() && none.empty()) return {};
  return "<h3>Subgroups</h3>\n" + out + html_list(none) +
         html_paragraph("A row is of " + plural_of(unit_noun) +
                            ", called at the threshold that was settled before the test side was opened. Groups this small differ "
                            "by chance alone. Other groups can be named in [evaluate] subgroups.",
                        "soft");
}

std::vector<std::string> intended_uses(const ReportInput& report) {
  const Evaluation& e = report.variants.front().evaluation;
  std::string classes;
  for (std::size_t i = 0; i < e.classes.size(); ++i)
    classes += (i == 0 ? "" : i + 1 == e.classes.size() ? " and " : ", ") + e.classes[i];
  return {fmt::format("For: asking whether {} ({}) can be read from the expression of a {}'s cells in data like these.",
                      e.heads.front().label, classes, report.unit_noun),
          "Tissue, platform, preparation and quality limits must be those of the training data."};
}

std::vector<std::string> uses_out_of_scope(const ReportInput& report) {
  const Evaluation& e = report.variants.front().evaluation;
  std::string classes;
  for (std::size_t i = 0; i < e.classes.size(); ++i)
    classes += (i == 0 ? "" : i + 1 == e.classes.size() ? " and " : ", ") + e.classes[i];
  return {
      "Not for: diagnosis, prognosis, screening, the choice of a treatment, or any decision about a person.",
      fmt::format("It has to choose one of {}: a {} of another kind is called one of them too.", classes, report.unit_noun),
      fmt::format("It says nothing of how early, how severe or why: only of {}, as it was labelled here.", e.heads.front().label),
      "Whether it holds elsewhere was not measured here."};
}

std::string intended_use(const ReportInput& report) {
  if (report.variants.empty() || report.variants.front().evaluation.heads.empty()) return {};
  auto items = intended_uses(report);
  for (auto& item : uses_out_of_scope(report)) items.push_back(std::move(item));
  return "<h2 id=\"use\">Intended use, and what it is not for</h2>\n" + html_list(items);
}

}  // namespace cellverdict
