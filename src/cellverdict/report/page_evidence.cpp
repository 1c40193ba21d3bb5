// What the numbers are worth: the answer in a sentence, how far each number can be off in new units, what simple models reach on
// the same cells, and each fold of a cross-validation. No number stands here that the evaluation does not hold.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace {

constexpr std::size_t kMostNamed = 4;  // variants that share an answer, where no other has another

// "AUC", "sensitivity (Patient called Patient)".
std::string metric_name(const Evaluation& e, const MeasuredMetric& m) {
  if (m.metric == "auc") return "AUC";
  if (e.classes.size() != 2 || (m.metric != "sensitivity" && m.metric != "specificity")) return m.metric;
  const std::string other = e.classes[0] == e.positive ? e.classes[1] : e.classes[0];
  const std::string& name = m.metric == "sensitivity" ? e.positive : other;
  return m.metric + " (share of " + name + " called " + name + ")";
}

// Of how many it is a share, or that it ranks.
std::string rests_on(const Evaluation& e, const MeasuredMetric& m, const std::string& unit_noun) {
  if (!m.over_units) return test_side_in_words(e, unit_noun);
  const auto of_class = [&](bool wanted) {
    return std::ranges::count_if(e.units, [&](const UnitResult& u) { return (u.label == e.positive) == wanted; });
  };
  if (m.metric == "auc") return fmt::format("{} {} against {} others", of_class(true), e.positive, of_class(false));
  if (m.metric == "sensitivity") return counted(of_class(true), unit_noun);
  if (m.metric == "specificity") return counted(of_class(false), unit_noun);
  if (m.metric.starts_with("recall of "))
    return counted(std::ranges::count(e.units, m.metric.substr(10), &UnitResult::label), unit_noun);
  return units_in_words(e, unit_noun);
}

const MeasuredMetric* find(const std::vector<MeasuredMetric>& metrics, const std::string& name) {
  const auto found = std::ranges::find_if(metrics, [&](const auto& m) { return m.over_units && m.metric == name; });
  return found == metrics.end() ? nullptr : &*found;
}

// The estimate, its interval below it; or why there is none.
Cell measured_cell(const MeasuredMetric* m, bool is_difference = false) {
  if (m == nullptr) return number_cell("n/a");
  const auto number = [&](double x) { return is_difference ? fmt::format("{:+.3f}", x) : fixed(x, 3); };
  Cell cell = number_cell(m->estimate ? number(*m->estimate) : "n/a");
  cell.note = m->interval ? number(m->interval->low) + " to " + number(m->interval->high) : "not estimable";
  return cell;
}

// "control 3 of 4, disease 2 of 2"; below it the classes that the fold's model was never taught.
Cell classes_cell(const Evaluation& e, const FoldScore& fold) {
  std::string text;
  std::vector<std::string> untaught;
  for (std::size_t c = 0; c < fold.class_units.size(); ++c) {
    if (fold.class_units[c] == 0) continue;
    text += fmt::format("{}{} {} of {}", text.empty() ? "" : ", ", e.classes[c], fold.class_right[c], fold.class_units[c]);
    if (c < fold.taught_units.size() && fold.taught_units[c] == 0) untaught.push_back(e.classes[c]);
  }
  Cell cell(text.empty() ? "none" : text);
  for (const auto& name : untaught) cell.note += (cell.note.empty() ? "never taught: " : ", ") + name;
  cell.is_bad = !untaught.empty();
  return cell;
}

std::set<std::string> test_donors(const Evaluation& e) {
  std::set<std::string> donors;
  for (const auto& unit : e.split.units)
    if (unit.side == Side::test) donors.insert(unit.donors.begin(), unit.donors.end());
  return donors;
}

}  // namespace

std::string answer_kind(const Evaluation& e) {
  if (e.shown) return "shown";
  return e.answer.starts_with("Cannot say") ? "cannot be said" : "not shown";
}

std::string answers(const ReportInput& report) {
  std::vector<const Evaluation*> first;  // of those that say the same
  std::vector<std::string> names;
  for (const auto& variant : report.variants) {
    const Evaluation& e = variant.evaluation;
    if (e.answer.empty()) continue;
    const auto same = std::ranges::find_if(first, [&](const Evaluation* other) { return other->answer == e.answer; });
    if (same == first.end()) {
      first.push_back(&e);
      names.push_back(e.name);
    } else {
      names[static_cast<std::size_t>(same - first.begin())] += ", " + e.name;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string kind = answer_kind(*first[i]);
    out += fmt::format("<div class=\"answer {}\"><p><span class=\"mark\">{}</span>",
                       kind == "shown"       ? "yes"
                       : kind == "not shown" ? "no"
                                             : "open",
                       kind);
    const bool all = first.size() == 1 && report.variants.size() > kMostNamed;
    const std::string who = all ? fmt::format("all {} variants", report.variants.size()) : names[i];
    if (report.variants.size() > 1) out += " <span class=\"who\">" + escape_html(who) + "</span>";
    out += "</p>" + html_paragraph(first[i]->answer) + "</div>\n";
  }
  return out.empty() ? out : "<div class=\"answers\">\n" + out + "</div>\n";
}

Cell unit_auc_cell(const Evaluation& e) {
  return measured_cell(find(e.metrics, "auc"));
}

std::string donors_behind(const Evaluation& e, const std::string& unit_noun) {
  if (std::ranges::none_of(e.metrics, [](const MeasuredMetric& m) { return m.interval.has_value(); })) return {};
  const auto n_donors = static_cast<std::int64_t>(test_donors(e).size());
  if (n_donors == 0 || n_donors >= n_test_units(e)) return {};
  return fmt::format(
      "The {} come from {}. The intervals take {} for independent; those of one donor are not. For new people they are too narrow.",
      counted(n_test_units(e), unit_noun), counted(n_donors, "donor"), plural_of(unit_noun));
}

std::string certainty_table(const Evaluation& e, const std::string& unit_noun) {
  if (e.metrics.empty()) return {};
  Table table{.caption = "Measured on " + test_side_in_words(e, unit_noun),
              .banner = banner_of(e),
              .columns = {"metric", "estimate", "95 % interval", "over", "measured on", "method, or why there is none"},
              .css = "evidence"};
  for (const bool over_units : {true, false})
    for (const auto& m : e.metrics) {
      if (m.over_units != over_units) continue;
      table.rows.push_back(
          {metric_name(e, m), number_cell(metric(m.estimate)),
           number_cell(m.interval ? fixed(m.interval->low, 3) + " to " + fixed(m.interval->high, 3) : "not estimable"),
           over_units ? plural_of(unit_noun) : "cells", rests_on(e, m, unit_noun), m.interval ? m.interval->method : m.why_not});
    }
  std::string note = fmt::format(
      "Read the rows over {} first. For the rows over cells only whole {} are drawn, with all their cells: cells of one {} are not "
      "independent.",
      plural_of(unit_noun), plural_of(unit_noun), unit_noun);
  if (!e.folds.empty())
    note +=
        " The AUC is the mean over folds: scores of different models cannot be ranked together. For the same "
        "reason no curve of precision and recall is drawn.";
  return "<h3>How sure is this</h3>\n" + html_of(table) + html_paragraph(note, "soft") +
         html_paragraph(donors_behind(e, unit_noun), "soft");
}

std::string rival_table(const Evaluation& e, const std::string& unit_noun) {
  if (e.rivals.empty()) return {};
  const bool two = e.classes.size() == 2;
  Table table{.caption = "Asked about the same " + test_side_in_words(e, unit_noun),
              .banner = banner_of(e),
              .columns = {"model", "how it was made"},
              .css = "evidence"};
  const std::string over = " over\n" + plural_of(unit_noun);
  if (two) table.columns.push_back("AUC" + over);
  for (const auto& name :
       {"accuracy" + over, std::string("this model\nminus it (") + (two ? "AUC)" : "accuracy)"), std::string("what that means")})
    table.columns.push_back(name);
  const auto add = [&](const std::string& name, const std::string& how, const std::vector<MeasuredMetric>& metrics) -> auto& {
    std::vector<Cell> row = {name, how};
    if (two) row.push_back(measured_cell(find(metrics, "auc")));
    row.push_back(measured_cell(find(metrics, "accuracy")));
    return table.rows.emplace_back(std::move(row));
  };
  auto& own = add("this model", "trained in this run", e.metrics);
  own.push_back(number_cell(""));
  own.emplace_back("");
  for (const auto& rival : e.rivals) {
    auto& row = add(rival.name, rival.how, rival.metrics);
    row.push_back(measured_cell(&rival.difference, true));
    row.emplace_back(rival.sentence);
  }
  return "<h3>Beside simple models</h3>\n" + html_of(table) +
         html_paragraph(
             "Small numbers: 95 % intervals over " + plural_of(unit_noun) +
                 ". Simple models were fitted on the same training side and called at 0.5; the difference is paired, on the "
                 "same " +
                 plural_of(unit_noun) + ".",
             "soft");
}

std::string fold_table(const Evaluation& e, const std::string& unit_noun) {
  if (e.folds.empty()) return {};
  const auto n_folds = static_cast<std::int64_t>(e.folds.size());
  const bool two = e.classes.size() == 2;
  const std::string over = "\n(" + plural_of(unit_noun) + ")";
  Table table{.caption = counted(n_folds, "fold") + " of the cross-validation, a model each: " + test_side_in_words(e, unit_noun),
              .banner = banner_of(e),
              .columns = {"fold", "held out", "called right, of each class", "cells", "accuracy" + over, "weighted F1" + over},
              .css = "evidence"};
  if (two) table.columns.insert(table.columns.end(), {"AUC" + over, "AUC\n(cells)"});
  table.columns.emplace_back("accuracy\n(cells)");
  if (two) table.columns.emplace_back("threshold");
  table.columns.emplace_back("temperature");
  for (std::size_t f = 0; f < e.folds.size(); ++f) {
    const FoldScore& fold = e.folds[f];
    const std::string value = e.split.by.empty() ? fold.held_out : e.split.by + " " + fold.held_out;
    const bool any = fold.n_units > 0;
    std::vector<Cell> row = {std::to_string(f + 1),
                             fold.held_out.empty() ? "a random part" : value,
                             classes_cell(e, fold),
                             count_cell(fold.n_cells),
                             number_cell(any ? fixed(fold.unit_accuracy, 3) : "n/a"),
                             number_cell(any ? fixed(fold.unit_weighted_f1, 3) : "n/a")};
    if (two) {
      row.push_back(number_cell(metric(fold.unit_auc)));
      row.push_back(number_cell(metric(fold.cell_auc)));
    }
    row.push_back(number_cell(fixed(fold.cell_accuracy, 3)));
    const auto settled = [&](double x, const std::string& source) {
      Cell cell = number_cell(fixed(x, 3));
      cell.note = source;
      row.push_back(std::move(cell));
    };
    if (two) settled(fold.threshold, fold.threshold_source);
    settled(fold.temperature, fold.temperature_source);
    table.rows.push_back(std::move(row));
  }
  return "<h3>Folds</h3>\n" + html_of(table) +
         html_paragraph("n/a: the fold lacks " + plural_of(unit_noun) +
                            " of a class, so nothing can be ranked in it. Weighted F1 is over the classes that were tested. The "
                            "spread of folds "
                            "is no interval: their training sides overlap.",
                        "soft");
}

}  // namespace cellverdict
