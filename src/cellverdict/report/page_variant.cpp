// One variant of the experiment: who was on which side, what the model called, what a rule without genes reaches, how probabilities
// became calls. Where the split is optimistic every table says so.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <cellverdict/table/frame.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace cellverdict {

namespace {

constexpr std::size_t kMostUnitsInCell = 12;  // of the split table; the full list stands below it

std::string in_words(const SplitUnit& u, const std::string& by) {
  std::string out = u.unit;
  if (!u.stratum.empty()) out += " · " + (by.empty() ? "" : by + " ") + u.stratum;
  if (const auto donors = donors_in_words(u); !donors.empty() && donors != u.unit) out += " · " + donors;
  return out + " · " + counted(u.n_cells, "cell");
}

std::vector<const SplitUnit*> units_on(const SplitSummary& split, Side side, const std::string& label) {
  std::vector<const SplitUnit*> out;
  for (const auto& u : split.units)
    if (u.side == side && u.label == label) out.push_back(&u);
  return out;
}

Cell side_cell(const SplitSummary& split, Side side, const std::string& label, const std::string& unit_noun) {
  const auto units = units_on(split, side, label);
  Cell out;
  if (units.empty()) {
    out.text = "none";
    out.is_bad = side != Side::unused;
    return out;
  }
  std::set<std::string> donors;
  std::int64_t n_cells = 0;
  for (const auto* u : units) {
    donors.insert(u->donors.begin(), u->donors.end());
    n_cells += u->n_cells;
  }
  out.text = counted(static_cast<std::int64_t>(units.size()), unit_noun);
  if (!donors.empty()) out.text += ", " + counted(static_cast<std::int64_t>(donors.size()), "donor");
  out.text += ", " + counted(n_cells, "cell");
  for (std::size_t i = 0; i < std::min(units.size(), kMostUnitsInCell); ++i)
    out.note += (i == 0 ? "" : "\n") + in_words(*units[i], split.by);
  if (units.size() > kMostUnitsInCell) out.note += "\nand " + std::to_string(units.size() - kMostUnitsInCell) + " more";
  return out;
}

std::string split_tables(const Evaluation& e, const std::string& unit_noun) {
  const SplitSummary& split = e.split;
  const bool folded = !e.folds.empty();
  Table sides{.caption = folded ? fmt::format("Who was tested, in {} folds: {}", e.folds.size(), split_in_words(split))
                                : "Who is on which side: " + split_in_words(split),
              .banner = banner_of(e),
              .columns = {"side"},
              .css = "sides"};
  for (const auto& label : split.classes) sides.columns.push_back(label);
  for (const Side side : {Side::train, Side::validation, Side::test, Side::unused}) {
    const bool is_empty = std::ranges::none_of(split.units, [&](const SplitUnit& u) { return u.side == side; });
    if (is_empty && (folded || side == Side::unused || (side == Side::validation && !split.has_validation))) continue;
    std::string name(side_name(side));
    if (folded && side == Side::test) name = "tested once";
    if (folded && side == Side::train) name = "never tested";
    std::vector<Cell> row = {name};
    for (const auto& label : split.classes) row.push_back(side_cell(split, side, label, unit_noun));
    sides.rows.push_back(std::move(row));
  }
  std::string out = html_of(sides);
  if (folded)
    out += html_paragraph(split.optimistic ? "Every cell was tested once, by a model that had seen other cells of its donor."
                                           : "Every " + unit_noun +
                                                 " of the row 'tested once' was tested by the model of one fold, "
                                                 "which had not seen it; in other folds it stood on other sides.");
  out += html_list(split.notes);
  const bool is_cut = std::ranges::any_of(sides.rows, [](const auto& row) {
    return std::ranges::any_of(row, [](const Cell& cell) { return cell.note.find(" more") != std::string::npos; });
  });
  if (!is_cut) return out;
  Table all{.caption = "Every " + unit_noun + " of the split",
            .banner = banner_of(e),
            .columns = {unit_noun, "side", "class", "donor", split.by.empty() ? "stratum" : split.by, "cells"}};
  for (const auto& u : split.units)
    all.rows.push_back({u.unit, folded && u.side == Side::test ? "tested once" : std::string(side_name(u.side)), u.label,
                        donors_in_words(u), u.stratum, count_cell(u.n_cells)});
  return out + "<details><summary>Every " + escape_html(unit_noun) + " of the split</summary>\n" + html_of(all) + "</details>\n";
}

// Units, donors and cells of each class, by the values of the split's column where it says more than the unit.
std::string cohort_table(const Evaluation& e, const std::string& unit_noun) {
  struct Sum {
    std::set<std::string> units, donors;
    std::int64_t n_cells = 0;
  };
  std::map<std::string, std::map<std::string, Sum>> sums;  // by stratum and class
  for (const auto& unit : e.split.units) {
    Sum& sum = sums[unit.stratum][unit.label];
    sum.units.insert(unit.unit);
    sum.donors.insert(unit.donors.begin(), unit.donors.end());
    sum.n_cells += unit.n_cells;
  }
  if (sums.size() < 2 || sums.size() > 60 || e.split.by.empty() || sums.size() >= e.split.units.size()) return {};
  std::vector<std::string> names;
  for (const auto& [name, of_class] : sums) names.push_back(name);
  sort_labels(names);
  Table table{.caption = "Who is in the study, by " + e.split.by, .banner = banner_of(e), .columns = {e.split.by}};
  for (const auto& label : e.split.classes) table.columns.push_back(label);
  for (const auto& name : names) {
    std::vector<Cell> row = {name.empty() ? "(none)" : name};
    for (const auto& label : e.split.classes) {
      const auto found = sums.at(name).find(label);
      if (found == sums.at(name).end()) {
        row.emplace_back("none");
        continue;
      }
      const Sum& sum = found->second;
      row.emplace_back(counted(std::ssize(sum.units), unit_noun) + ", " + counted(std::ssize(sum.donors), "donor") + ", " +
                       counted(sum.n_cells, "cell"));
    }
    table.rows.push_back(std::move(row));
  }
  return html_of(table);
}

std::string head_table(const Evaluation& e) {
  Table table{.caption = "Every head, over the test cells",
              .banner = banner_of(e),
              .columns = {"head", "weight", "classes", "cells", "AUC", "accuracy", "balanced\naccuracy", "F1", "loss"}};
  for (const auto& head : e.heads)
    table.rows.push_back({head.label, number_cell(fmt::format("{:g}", head.weight)),
                          count_cell(static_cast<std::int64_t>(head.classes.size())), count_cell(head.cells.n),
                          number_cell(metric(head.cells.auc)), number_cell(fixed(head.cells.accuracy, 3)),
                          number_cell(fixed(head.cells.balanced_accuracy, 3)), number_cell(fixed(head.cells.f1, 3)),
                          number_cell(fixed(head.cells.loss, 3))});
  return html_of(table) +
         html_paragraph(fmt::format("Always answering the class with most training cells would call {} of the test cells right.",
                                    fixed(e.majority_accuracy, 3)),
                        "soft");
}

std::string unit_table(const Evaluation& e, const std::string& unit_noun) {
  const bool two = e.classes.size() == 2;
  const auto positive = static_cast<std::size_t>(std::ranges::find(e.classes, e.positive) - e.classes.begin());
  Table table{
      .caption = "Every test " + unit_noun + ": the mean over its cells, and the call",
      .banner = banner_of(e),
      .columns = {unit_noun, "donor", "truth", "cells",
                  two ? "mean probability\nof " + e.positive : "mean probability\nof the truth", "called", "cells\ncalled right"}};
  const bool with_stratum = shows_stratum(e);
  if (with_stratum) table.columns.insert(table.columns.begin() + 2, e.split.by.empty() ? "stratum" : e.split.by);
  std::int64_t n_right = 0;
  for (const auto& u : e.units) {
    const auto truth = static_cast<std::size_t>(std::ranges::find(e.classes, u.label) - e.classes.begin());
    const std::size_t shown = two ? positive : truth;
    Cell called(u.predicted);
    called.is_bad = u.predicted != u.label;
    if (called.is_bad) called.note = "wrong";
    n_right += called.is_bad ? 0 : 1;
    table.rows.push_back({u.unit, u.donor, u.label, count_cell(u.n_cells),
                          number_cell(shown < u.probability.size() ? fixed(u.probability[shown], 3) : "n/a"), called,
                          number_cell(fixed(100 * u.cell_accuracy, 1) + " %")});
    if (with_stratum) table.rows.back().insert(table.rows.back().begin() + 2, Cell(u.stratum));
  }
  return html_of(table) +
         html_paragraph(n_test_units(e) == std::ssize(e.units)
                            ? fmt::format("{} of {} called right.", n_right, counted(n_test_units(e), unit_noun))
                            : fmt::format("{} of {} called right: {}.", n_right, e.units.size(), units_in_words(e, unit_noun)),
                        "soft");
}

std::string baseline_tables(const Evaluation& e, const std::string& unit_noun) {
  if (e.baselines.empty()) return {};
  std::string out = "<h3>What a rule without any gene reaches</h3>\n";
  for (const auto& b : e.baselines) {
    Table table{.caption = "The rule that knows only " + b.covariate + ": " + plural_of(unit_noun) + " of each class",
                .banner = banner_of(e),
                .columns = {b.covariate}};
    for (const char* side : {"training", "test"})
      for (const auto& name : e.classes) table.columns.push_back(std::string(side) + "\n" + name);
    for (const auto& rule : b.rules) {
      std::vector<Cell> row = {rule.value};
      for (const auto* counts : {&rule.train_units, &rule.test_units})
        for (const auto n : *counts) row.push_back(count_cell(n));
      table.rows.push_back(std::move(row));
    }
    out += html_of(table);
    out += html_paragraph(
        fmt::format("AUC {} over test {}, {} over test cells; balanced accuracy {} over test {}.", metric(b.unit_auc),
                    plural_of(unit_noun), metric(b.cell_auc), fixed(b.unit_balanced_accuracy, 3), plural_of(unit_noun)),
        "soft");
    if (!b.sentence.empty()) out += "<div class=\"meaning\">" + html_paragraph(b.sentence) + "</div>\n";
  }
  return out;
}

std::string flow_table(const ReportVariant& variant) {
  const CohortFlow& flow = variant.flow;
  if (flow.stages.empty()) return {};
  Table table{.caption = "Cells left after each step", .banner = banner_of(variant.evaluation), .columns = {""}};
  for (const auto& stage : flow.stages) table.columns.push_back(stage.name);
  const auto add = [&](const std::string& name, auto count) {
    std::vector<Cell> row = {name};
    for (const auto& stage : flow.stages) row.push_back(count_cell(count(stage)));
    table.rows.push_back(std::move(row));
  };
  for (std::size_t i = 0; i < flow.units.size(); ++i)
    add(flow.units[i], [i](const CohortFlow::Stage& stage) { return i < stage.n_cells.size() ? stage.n_cells[i] : 0; });
  add("all",
      [](const CohortFlow::Stage& stage) { return std::accumulate(stage.n_cells.begin(), stage.n_cells.end(), std::int64_t{0}); });
  return "<h3>Cohort flow</h3>\n" + html_of(table);
}

// "0.310 to 0.620", or one number where they are equal.
template <class Of>
std::string range_of(const std::vector<FoldScore>& folds, Of of) {
  double low = of(folds.front()), high = low;
  for (const auto& fold : folds) low = std::min(low, of(fold)), high = std::max(high, of(fold));
  return low == high ? fixed(low, 3) : fixed(low, 3) + " to " + fixed(high, 3);
}

std::string fold_calls(const Evaluation& e) {
  std::string text = "Each fold used its own ";
  const auto temperature = range_of(e.folds, [](const FoldScore& f) { return f.temperature; });
  if (e.classes.size() != 2)
    return text + fmt::format("temperature ({}) to divide the logits by. A cell is called the class with the largest probability.",
                              temperature);
  const auto threshold = range_of(e.folds, [](const FoldScore& f) { return f.threshold; });
  return text +
         fmt::format(
             "threshold ({}) and temperature ({}); the table of folds says where each came from. A cell is called {} when its "
             "probability, of logits divided by the temperature, is at least the threshold.",
             threshold, temperature, e.positive);
}

std::string calls(const Evaluation& e) {
  const std::string heading = "<h3>How probabilities became calls</h3>\n";
  if (!e.folds.empty()) return heading + html_paragraph(fold_calls(e));
  const auto from = [](const std::string& source) { return source.empty() ? std::string() : " (" + source + ")"; };
  std::string text = e.classes.size() == 2 ? fmt::format("A cell is called {} when its probability of {} is at least {}{}.",
                                                         e.positive, e.positive, fixed(e.threshold, 3), from(e.threshold_source))
                                           : std::string("A cell is called the class with the largest probability.");
  text += fmt::format(" The logits were divided by a temperature of {}{} before the softmax.", fixed(e.temperature, 3),
                      from(e.temperature_source));
  return heading + html_paragraph(text);
}

}  // namespace

std::string variant_section(PageState& state, std::size_t index) {
  const ReportInput& report = state.input.report;
  const ReportVariant& variant = report.variants[index];
  const Evaluation& e = variant.evaluation;
  std::string out = fmt::format("<section>\n<h2 id=\"variant-{}\">{}", index + 1, escape_html(e.name));
  if (const auto banner = banner_of(e); !banner.empty()) out += "<span class=\"banner\">" + escape_html(banner) + "</span>";
  std::vector<Figure> controls, others;
  for (const Figure& figure : state.input.variants[index])
    (figure.name.starts_with(kControlFigure) ? controls : others).push_back(figure);
  out += "</h2>\n" + html_paragraph(e.answer) + html_paragraph(e.verdict) + html_list(e.warnings, "warnings");
  out += certainty_table(e, report.unit_noun) + samplings_table(e, report.unit_noun) + negative_control(state, e, controls) +
         rival_table(e, report.unit_noun) + sets_table(e, report.unit_noun) + fold_table(e, report.unit_noun) +
         sweep_section(state, index);
  out += "<h3>The split</h3>\n" + cohort_table(e, report.unit_noun) + split_tables(e, report.unit_noun) + html_of(state, others);
  out += unit_table(e, report.unit_noun) + failure_table(e, report.unit_noun) + subgroup_table(e, report.unit_noun);
  out += predictive_table(e, report.unit_noun) + head_table(e) + baseline_tables(e, report.unit_noun) + calls(e);
  if (!variant.genes_note.empty())
    out += "<h3>Genes</h3>\n" + html_list(variant.genes_note) +
           html_paragraph(
               "Genes that a new file lacks count as zero; a file that lacks more than a fifth of what the genes carry in "
               "training is refused (predict --min-overlap).",
               "soft");
  return out + flow_table(variant) + "</section>\n";
}

}  // namespace cellverdict
