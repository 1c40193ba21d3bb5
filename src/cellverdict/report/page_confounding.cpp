// What else goes with the label: the audit of recorded columns, once for all variants of one cohort.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::size_t kMostValuesNamed = 6;

std::string one_class_in_words(const ConfoundingRow& row, const std::string& unit_noun) {
  std::string out;
  for (std::size_t i = 0; i < std::min(row.one_class_values.size(), kMostValuesNamed); ++i) {
    const OneClassValue& one = row.one_class_values[i];
    out += (i == 0 ? "" : "\n") + fmt::format("{}: {}, all {}", one.value, counted(one.n_units, unit_noun), one.label);
    if (one.n_units == 1) out.replace(out.rfind(", all "), 6, ", ");
  }
  if (row.one_class_values.size() > kMostValuesNamed)
    out += fmt::format("\nand {} more", row.one_class_values.size() - kMostValuesNamed);
  return out.empty() ? "none" : out;
}

Table table_of(const Evaluation& e, const std::string& unit_noun) {
  std::int64_t most = 0;
  for (const auto& row : e.confounding) most = std::max(most, row.n_units);
  Table table{
      .caption = "Recorded columns against the label, over " + counted(most, unit_noun),
      .columns = {"column", "values", plural_of(unit_noun), "Cramér's V", "p", "values of one class only", "what to think of it"},
      .css = "evidence"};
  for (const auto& row : e.confounding) {
    std::string thought = row.warning;
    if (row.nested == "label")
      thought = "Says the label in other words.";
    else if (!row.nested.empty())
      thought = "Names each " + (row.nested == "unit" ? unit_noun : row.nested) + " again: it goes with the label by construction.";
    Cell name(row.column);
    name.is_bad = !row.warning.empty();
    table.rows.push_back({name, count_cell(row.n_values), count_cell(row.n_units), number_cell(row.v ? fixed(*row.v, 2) : "–"),
                          number_cell(row.p ? fixed(*row.p, 3) : "–"),
                          row.nested.empty() ? one_class_in_words(row, unit_noun) : std::string("–"),
                          thought.empty() ? "Nothing to warn of." : thought});
  }
  return table;
}

}  // namespace

std::string confounding_section(const ReportInput& report) {
  std::vector<const Evaluation*> told;
  std::string out;
  for (const auto& variant : report.variants) {
    const Evaluation& e = variant.evaluation;
    if (e.confounding.empty()) continue;
    if (std::ranges::any_of(told, [&](const Evaluation* other) { return other->confounding == e.confounding; })) continue;
    told.push_back(&e);
    out += html_of(table_of(e, report.unit_noun));
  }
  if (out.empty()) return out;
  return "<h2 id=\"confounding\">What goes with the label</h2>\n" + out +
         html_paragraph(
             "One row a column that has one value in each " + report.unit_noun +
                 ". V is Cramér's V, corrected for bias: 0 is no association, 1 a complete one; p is from labels dealt anew "
                 "between " +
                 plural_of(report.unit_noun) +
                 ". With few of them a strong association can be missed. What nobody recorded is not in this table.",
             "soft");
}

}  // namespace cellverdict
