// What must be read before any number, and what the numbers cannot show.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

namespace cellverdict {

namespace {

std::vector<std::string> what_intervals_mean(const ReportInput& report) {
  const std::string units = plural_of(report.unit_noun);
  const bool any = std::ranges::any_of(report.variants, [](const ReportVariant& variant) {
    return std::ranges::any_of(variant.evaluation.metrics, [](const MeasuredMetric& m) { return m.interval.has_value(); });
  });
  std::vector<std::string> items;
  if (any)
    items.push_back("The intervals speak of new " + units +
                    " like these, and of one trained model: they do not cover training it "
                    "again. Where a number has none, the table says why.");
  else
    items.push_back("No number here has an interval: how far it would be off in new " + units + " is not known.");
  if (report.variants.size() > 1)
    items.emplace_back(
        "A difference between two variants that has no interval may be chance. No interval is corrected for the number of "
        "variants: "
        "the best of several looks better than it is.");
  for (const auto& variant : report.variants)
    if (const auto line = donors_behind(variant.evaluation, report.unit_noun); !line.empty())
      items.push_back((report.variants.size() > 1 ? variant.evaluation.name + ": " : "") + line);
  return items;
}

}  // namespace

// A line that not every variant has is said of those that have it.
std::vector<std::string> first_lines_of(const ReportInput& report) {
  std::vector<std::string> said = report.first_lines, lines = said;
  for (const auto& variant : report.variants)
    for (const auto& line : variant.evaluation.first_lines) {
      if (std::ranges::find(said, line) != said.end()) continue;
      said.push_back(line);
      std::string names;
      std::size_t n = 0;
      for (const auto& other : report.variants) {
        if (std::ranges::find(other.evaluation.first_lines, line) == other.evaluation.first_lines.end()) continue;
        names += (n++ == 0 ? "" : ", ") + other.evaluation.name;
      }
      lines.push_back(n == report.variants.size() ? line : names + ": " + line);
    }
  return lines;
}

std::vector<std::string> limits_of(const ReportInput& report) {
  std::int64_t fewest = INT64_MAX;
  std::map<std::string, std::set<std::string>> donors;  // class → people, on the sides that are used, of all variants
  for (const auto& variant : report.variants) {
    fewest = std::min(fewest, n_test_units(variant.evaluation));
    for (const auto& unit : variant.evaluation.split.units)
      if (unit.side != Side::unused) donors[unit.label].insert(unit.donors.begin(), unit.donors.end());
  }
  std::vector<std::string> items;
  if (!report.variants.empty())
    items.push_back(fmt::format(
        "The evidence is {} on the smallest test side, not the number of cells: cells of one {} share its preparation, its "
        "sequencing depth and its person. A smooth ROC curve of thousands of cells does not change that.",
        counted(fewest, report.unit_noun), report.unit_noun));
  if (!donors.empty()) {
    std::string counts;
    for (const auto& [label, people] : donors)
      counts += (counts.empty() ? "" : ", ") + label + " " + counted(static_cast<std::int64_t>(people.size()), "donor");
    items.push_back("Donors by class: " + counts +
                    ". With fewer than two donors in a class nothing here can separate the disease from the person.");
  }
  for (auto& item : what_intervals_mean(report)) items.push_back(std::move(item));
  items.emplace_back(
      "A rule that sees only a recorded covariate shows that covariate's part. Covariates nobody recorded cannot be checked.");
  items.emplace_back("A result on these " + plural_of(report.unit_noun) +
                     " says nothing yet of other sites, platforms or populations.");
  return items;
}

std::string limits_section(const ReportInput& report) {
  return "<h2 id=\"limits\">What this cannot show</h2>\n" + html_list(limits_of(report));
}

}  // namespace cellverdict
