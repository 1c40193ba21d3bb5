// Variants side by side: two models under every split, the models of one split, and what may be said of the differences.

#include <cellverdict/report/comparison.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::size_t kMostKeyColumns = 5;

struct Place {
  const ReportInput& report;
  const Comparison& comparison;
};

std::string signed_number(double x) {
  return (x < 0 ? "−" : "+") + fixed(std::abs(x), 3);
}

std::string cells_of_sides(const Evaluation& e) {
  if (!e.folds.empty()) return with_commas(e.heads.front().cells.n) + ", each once";
  std::int64_t n[3] = {};
  for (const auto& u : e.split.units)
    if (u.side != Side::unused) n[static_cast<int>(u.side)] += u.n_cells;
  return with_commas(n[0]) + " / " + (e.split.has_validation ? with_commas(n[1]) : "–") + " / " + with_commas(n[2]);
}

Cell split_cell(const ComparedSplit& split, const Evaluation& e) {
  Cell cell(split.name);
  if (e.split.optimistic) cell.note = "optimistic", cell.is_bad = true;
  return cell;
}

Cell score_cell(const Evaluation& e) {
  Cell cell = number_cell(metric(cell_score(e)));
  if (e.classes.size() == 2 && cell_score(e) && *cell_score(e) < kInvertedBelow) cell.note = "inverted", cell.is_bad = true;
  return cell;
}

Cell difference_cell(const std::optional<double>& x) {
  return number_cell(x ? signed_number(*x) : "n/a");
}

// Of units, with its interval or the word that there is none.
Cell unit_difference_cell(const VariantDifference& d) {
  Cell cell = difference_cell(d.units);
  cell.note = d.interval ? signed_number(d.interval->low) + " to " + signed_number(d.interval->high) : "not estimable";
  return cell;
}

// Splits under which both models were asked.
std::vector<const ComparedSplit*> shared_splits(const Comparison& comparison, std::size_t a, std::size_t b) {
  std::vector<const ComparedSplit*> out;
  for (const auto& split : comparison.splits)
    if (split.variant[a] && split.variant[b]) out.push_back(&split);
  return out;
}

struct PairOfModels {
  std::size_t first, second;
};

std::string pair_table(const Place& place, const PairOfModels& pair) {
  const auto& [report, comparison] = place;
  const auto splits = shared_splits(comparison, pair.first, pair.second);
  const auto evaluation = [&](const ComparedSplit& split, std::size_t m) -> const Evaluation& {
    return place.report.variants[*split.variant[m]].evaluation;
  };
  const std::string a = comparison.models[pair.first].letter, b = comparison.models[pair.second].letter;
  const std::string score = score_name(evaluation(*splits.front(), pair.first));
  Table table{.caption = "Model " + b + " against Model " + a + " under every split",
              .banner = banner_of(report),
              .columns = {"split", "cells: training /\nvalidation / test", "test\n" + plural_of(report.unit_noun), score + "\n" + a,
                          score + "\n" + b, "Δ over\ncells", "Δ over " + plural_of(report.unit_noun) + "\n95 % interval"},
              .css = "compare"};
  for (const char* what : {"accuracy", "label loss", "combined loss"})
    table.columns.push_back(std::string(what) + "\n" + a + " / " + b);
  for (const ComparedSplit* split : splits) {
    const Evaluation &first = evaluation(*split, pair.first), &second = evaluation(*split, pair.second);
    const VariantDifference d = difference_between(first, second);
    std::vector<Cell> row = {
        split_cell(*split, first), number_cell(cells_of_sides(first)), count_cell(n_test_units(first)), score_cell(first),
        score_cell(second),        difference_cell(d.cells),           unit_difference_cell(d)};
    const Classification &of_first = first.heads.front().cells, &of_second = second.heads.front().cells;
    for (const auto& [x, y] : {std::pair(of_first.accuracy, of_second.accuracy), std::pair(of_first.loss, of_second.loss),
                               std::pair(first.combined_loss, second.combined_loss)})
      row.push_back(number_cell(fixed(x, 3) + " / " + fixed(y, 3)));
    table.rows.push_back(std::move(row));
  }
  return html_of(table);
}

// "B − A: AUC over cells is higher under 2 of 4 splits, lower under 2 (−0.179 to +0.065)."
std::string pair_in_words(const Place& place, const PairOfModels& pair) {
  const auto& [report, comparison] = place;
  std::int64_t higher = 0, lower = 0, n = 0, better = 0, worse = 0, judged = 0;
  double least = 0, most = 0;
  std::vector<std::string> reasons;
  std::string score;
  for (const ComparedSplit* split : shared_splits(comparison, pair.first, pair.second)) {
    const Evaluation& first = report.variants[*split->variant[pair.first]].evaluation;
    const VariantDifference d = difference_between(first, report.variants[*split->variant[pair.second]].evaluation);
    score = score_name(first);
    if (d.interval) {
      ++judged;
      better += d.interval->low > 0 ? 1 : 0;
      worse += d.interval->high < 0 ? 1 : 0;
    } else if (std::ranges::find(reasons, d.why_not) == reasons.end()) {
      reasons.push_back(d.why_not);
    }
    if (!d.cells) continue;
    least = n == 0 ? *d.cells : std::min(least, *d.cells);
    most = n == 0 ? *d.cells : std::max(most, *d.cells);
    ++n;
    higher += *d.cells > 0 ? 1 : 0;
    lower += *d.cells < 0 ? 1 : 0;
  }
  const std::string a = comparison.models[pair.first].letter, b = comparison.models[pair.second].letter;
  if (n == 0) return {};
  const std::string range = least == most ? signed_number(least) : signed_number(least) + " to " + signed_number(most);
  std::string out = fmt::format("{} of Model {} over cells is higher than that of Model {} under {} of {} and lower under {} ({}).",
                                score, b, a, higher, counted(n, "split"), lower, range);
  if (judged > 0)
    out +=
        fmt::format(" Over {}, the paired 95 % interval lies above zero under {} and below zero under {} of {} with an interval.",
                    plural_of(report.unit_noun), better, worse, counted(judged, "split"));
  if (!reasons.empty()) {
    std::string why;
    for (const auto& reason : reasons) why += (why.empty() ? "" : "; ") + reason;
    out += fmt::format(" Not estimable: {}. Without an interval a difference says nothing of new {}.", why,
                       plural_of(report.unit_noun));
  }
  return out;
}

std::string model_list(const Comparison& comparison) {
  std::vector<std::string> items;
  for (std::size_t m = 0; m < comparison.models.size(); ++m)
    items.push_back("Model " + comparison.models[m].letter + ": " + differing_in_words(comparison, m));
  return html_list(items, "soft");
}

// Over units; below it how far drawings of cells lie apart.
Cell weighted_f1_cell(const Evaluation& e) {
  Cell cell = number_cell(metric(units_weighted_f1(e)));
  const auto drawn = std::ranges::find(e.samplings.metrics, kWeightedF1, &SampledMetric::metric);
  if (drawn != e.samplings.metrics.end() && drawn->values.size() > 1)
    cell.note = "SD over drawings " + fixed(sampled_spread(drawn->values).sd, 3);
  return cell;
}

// All models of one split, with what they differ in: the way a sweep is reported when every setting was tested.
std::string model_table(const Place& place, const ComparedSplit& split) {
  const auto& [report, comparison] = place;
  const Evaluation& any = split.evaluation(report);
  std::vector<std::string> keys;
  for (const auto& key : comparison.keys) {
    std::vector<std::string> values;
    for (std::size_t m = 0; m < split.variant.size(); ++m)
      if (split.variant[m]) values.push_back(std::ranges::find(comparison.models[m].differing, key, &ModelSetting::first)->second);
    if (std::ranges::any_of(values, [&](const auto& v) { return v != values.front(); })) keys.push_back(key);
  }
  Table table{.caption = fmt::format("The {} models under {}", split.n_models(), split.name),
              .banner = banner_of(any),
              .columns = {"model"},
              .css = "compare"};
  // Few keys are columns; many would make the table wider than any screen.
  const bool few = keys.size() <= kMostKeyColumns;
  for (const auto& key : keys) {
    std::string shown = key;
    std::ranges::replace(shown, '.', '\n');  // a line for each part of a long name
    if (few) table.columns.push_back(shown);
  }
  if (!few) table.columns.push_back("differs from Model " + comparison.models.front().letter + " in");
  table.columns.insert(table.columns.end(),
                       {"epochs\n(best)", "validation,\nbest epoch", "test " + score_name(any) + "\n(cells)", "test\naccuracy",
                        "test weighted F1\n(" + plural_of(report.unit_noun) + ")", "label\nloss", "Δ over\ncells",
                        "Δ over " + plural_of(report.unit_noun) + "\n95 % interval"});
  const Evaluation* reference = nullptr;
  for (std::size_t m = 0; m < split.variant.size(); ++m) {
    if (!split.variant[m]) continue;
    const ReportVariant& variant = report.variants[*split.variant[m]];
    const Evaluation& e = variant.evaluation;
    const std::string own = name_within(split, e.name);
    std::vector<Cell> row = {Cell(comparison.models[m].letter + (own == comparison.models[m].letter ? "" : ", " + own))};
    if (!few) row.emplace_back(m == 0 ? "–" : differing_in_words(comparison, m));
    for (const auto& key : keys)
      if (few) row.emplace_back(std::ranges::find(comparison.models[m].differing, key, &ModelSetting::first)->second);
    const LearningCurve& curve = variant.curve;
    row.push_back(number_cell(fmt::format("{} ({})", curve.epochs.size(), curve.best_epoch)));
    const bool known = curve.best_epoch > 0 && curve.best_epoch <= std::ssize(curve.epochs) &&
                       curve.epochs[static_cast<std::size_t>(curve.best_epoch - 1)].validation;
    Cell chosen_by = number_cell("n/a");
    if (known)
      chosen_by = number_cell(
          fixed(std::abs(monitored(curve.monitor, *curve.epochs[static_cast<std::size_t>(curve.best_epoch - 1)].validation)), 3));
    if (known) chosen_by.note = curve.monitor.substr(curve.monitor.find('.') + 1);
    row.insert(row.end(), {chosen_by, score_cell(e), number_cell(fixed(e.heads.front().cells.accuracy, 3)), weighted_f1_cell(e),
                           number_cell(fixed(e.heads.front().cells.loss, 3))});
    if (reference == nullptr) {
      reference = &e;
      row.insert(row.end(), {number_cell("–"), number_cell("–")});
    } else {
      const VariantDifference d = difference_between(*reference, e);
      row.insert(row.end(), {difference_cell(d.cells), unit_difference_cell(d)});
    }
    table.rows.push_back(std::move(row));
  }
  return html_of(table) +
         html_paragraph(
             "Taking the best row by its test numbers would be choosing on the test side: its own numbers would then "
             "be too good. The validation column is what a choice may rest on.",
             "soft");
}

}  // namespace

std::string compare_section(PageState& state) {
  const Comparison& comparison = state.input.comparison;
  if (comparison.is_empty() || comparison.models.size() < 2) return {};
  const ReportInput& report = state.input.report;
  const Place place{report, comparison};
  std::string out = "<h2 id=\"side-by-side\">Models and splits side by side</h2>\n";
  const auto models = comparison.paired_models();
  const auto few = std::ranges::count_if(comparison.splits, [](const auto& s) { return s.n_models() > 2; }) == 0;
  if (comparison.models.size() > 1 && few) out += model_list(comparison);
  for (std::size_t i = 1; i < models.size(); ++i) {
    out += pair_table(place, {models.front(), models[i]});
    out += html_paragraph(pair_in_words(place, {models.front(), models[i]}));
  }
  if (!models.empty())
    out += html_paragraph(
        "Δ is the second model minus the first, on the same test side. Score, accuracy and losses are over cells. The interval is "
        "that "
        "of a paired difference over " +
            plural_of(report.unit_noun) + "; it is not corrected for the number of comparisons.",
        "soft");
  if (comparison.models.size() > 1 && !few) {
    out += "<details><summary>What the models differ in</summary>\n" + model_list(comparison) + "</details>\n";
  }
  for (const auto& split : comparison.splits)
    if (split.n_models() > 2) out += model_table(place, split);
  return out + html_of(state, state.input.side_by_side);
}

}  // namespace cellverdict
