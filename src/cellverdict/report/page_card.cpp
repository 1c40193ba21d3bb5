// The model card (Mitchell et al. 2019): for what, on whom, how well and within which limits, from the facts of the page. One list
// of facts serves the page and model-card.md.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace cellverdict {

namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) out += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
  return out;
}

// "Control 6 libraries, 1 donor, 12,811 cells; Patient …" of the sides that are wanted.
std::string who(const SplitSummary& split, const std::vector<Side>& sides, const std::string& unit_noun) {
  struct Sum {
    std::set<std::string> units, donors;
    std::int64_t n_cells = 0;
  };
  std::map<std::string, Sum> sums;
  for (const auto& unit : split.units) {
    if (std::ranges::find(sides, unit.side) == sides.end()) continue;
    Sum& sum = sums[unit.label];
    sum.units.insert(unit.unit);
    sum.donors.insert(unit.donors.begin(), unit.donors.end());
    sum.n_cells += unit.n_cells;
  }
  std::string out;
  for (const auto& [label, sum] : sums)
    out += fmt::format("{}{}: {}, {}, {}", out.empty() ? "" : "; ", label, counted(std::ssize(sum.units), unit_noun),
                       counted(std::ssize(sum.donors), "donor"), counted(sum.n_cells, "cell"));
  return out.empty() ? "nobody" : out;
}

std::vector<std::string> numbers(const Evaluation& e, const std::string& unit_noun) {
  std::vector<std::string> out;
  for (const auto& m : e.metrics) {
    if (!m.over_units) continue;
    const std::string name = m.metric == "auc" ? "AUC" : m.metric;
    out.push_back(fmt::format("{} over {}: {}{}", name, plural_of(unit_noun), metric(m.estimate),
                              m.interval ? fmt::format(" (95 % interval {} to {}, {})", fixed(m.interval->low, 3),
                                                       fixed(m.interval->high, 3), m.interval->method)
                                         : " (interval not estimable: " + m.why_not + ")"));
  }
  for (const auto& rival : e.rivals)
    if (!rival.sentence.empty()) out.push_back(rival.sentence);
  for (const auto& p : e.permutations)
    out.push_back(
        p.p_value ? fmt::format("Negative control, labels of {} dealt at random {} times to {}: p = {:.3g} (least possible {:.3g})",
                                plural_of(unit_noun), p.deals.size(), p.model, *p.p_value, p.smallest_p)
                  : "Negative control of " + p.model + ": none, " + p.why_not);
  for (const auto& table : e.subgroups)
    for (const auto& group : table.groups) {
      std::string shares;
      for (const auto& m : group.metrics)
        if (m.estimate)
          shares +=
              fmt::format("{}{} {}{}", shares.empty() ? "" : ", ", m.metric, fixed(*m.estimate, 3),
                          m.interval ? fmt::format(" ({} to {})", fixed(m.interval->low, 3), fixed(m.interval->high, 3)) : "");
      out.push_back(fmt::format("{} {}, {}: {}", table.column, group.value, counted(group.n_units, unit_noun), shares));
    }
  return out;
}

std::string calls_of(const Evaluation& e) {
  if (!e.folds.empty()) return "Each fold settled threshold and temperature for itself; the table of folds has them.";
  return fmt::format("Threshold {} ({}), temperature {} ({}).", fixed(e.threshold, 3), e.threshold_source, fixed(e.temperature, 3),
                     e.temperature_source);
}

}  // namespace

std::vector<CardSection> model_card(const ReportInput& report) {
  std::vector<CardSection> card;
  if (report.variants.empty() || report.variants.front().evaluation.heads.empty()) return card;
  const std::string& unit = report.unit_noun;
  const bool several = report.variants.size() > 1;
  const auto section = [&](const std::string& heading) -> std::vector<std::string>& {
    return card.emplace_back(CardSection{heading, {}}).lines;
  };
  const auto for_each = [&](std::vector<std::string>& lines, const auto& lines_of) {
    for (const auto& variant : report.variants)
      for (auto& line : lines_of(variant)) lines.push_back(several ? variant.evaluation.name + ": " + line : line);
  };
  using Lines = std::vector<std::string>;
  const Evaluation& first = report.variants.front().evaluation;
  auto& model = section("Model");
  model.push_back(fmt::format("Says {} ({}) of cells and, as the mean over its cells, of a {}.", first.heads.front().label,
                              joined(first.classes), unit));
  for_each(model, [](const ReportVariant& v) {
    Lines lines;
    for (const auto& [name, value] : v.model) lines.push_back(name + ": " + value);
    return lines;
  });
  section("Intended use") = intended_uses(report);
  section("Out-of-scope use") = uses_out_of_scope(report);
  for_each(section("Training data"), [&](const ReportVariant& v) {
    const auto& split = v.evaluation.split;
    const bool folded = !v.evaluation.folds.empty();
    Lines lines = {folded ? "The cells of the other folds, fold by fold: " +
                                who(split, {Side::train, Side::validation, Side::test}, unit)
                          : who(split, {Side::train}, unit)};
    if (!folded && split.has_validation)
      lines.push_back("For choosing epoch and decision: " + who(split, {Side::validation}, unit));
    return lines;
  });
  for_each(section("Preparation of data"), [](const ReportVariant& v) { return v.genes_note; });
  for_each(section("Evaluation data"), [&](const ReportVariant& v) {
    return Lines{split_in_words(v.evaluation.split) + ": " + who(v.evaluation.split, {Side::test}, unit)};
  });
  for_each(section("What was measured"), [&](const ReportVariant& v) {
    Lines lines = {v.evaluation.answer};
    for (auto& line : numbers(v.evaluation, unit)) lines.push_back(std::move(line));
    return lines;
  });
  for_each(section("How a call is made"), [](const ReportVariant& v) { return Lines{calls_of(v.evaluation)}; });
  auto& limits = section("Limits");
  for (const auto& line : first_lines_of(report)) limits.push_back(line);
  for (auto& line : limits_of(report)) limits.push_back(std::move(line));
  for_each(section("Warnings"), [](const ReportVariant& v) { return v.evaluation.warnings; });
  auto& origin = section("Where it is from");
  for (const auto& [name, value] : report.provenance) origin.push_back(name + ": " + value);
  std::erase_if(card, [](CardSection& s) {
    std::erase(s.lines, "");
    return s.lines.empty();
  });
  return card;
}

std::string model_card_section(const ReportInput& report) {
  const auto card = model_card(report);
  if (card.empty()) return {};
  std::string out =
      "<h2 id=\"card\">Model card</h2>\n" +
      html_paragraph("The same facts as above, to be kept with the model: also in model-card.md beside this page.", "soft") +
      "<details><summary>The whole card</summary>\n";
  for (const auto& section : card) out += "<h3>" + escape_html(section.heading) + "</h3>\n" + html_list(section.lines);
  return out + "</details>\n";
}

std::string model_card_markdown(const ReportInput& report) {
  // What would be read as markup is told not to be; a line break would end the item.
  const auto plain = [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (std::string_view("\\`*_[]<>#|").find(c) != std::string_view::npos) out += '\\';
      out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
  };
  std::string out = "# Model card: " + plain(report.title) + "\n\n" + plain(report.question) +
                    "\n\nFor research. Not for diagnosis, prognosis or the choice of a treatment.\n";
  for (const auto& section : model_card(report)) {
    out += "\n## " + plain(section.heading) + "\n\n";
    for (const auto& line : section.lines) out += "- " + plain(line) + "\n";
  }
  return out;
}

}  // namespace cellverdict
