// What the page says of how sure its numbers are: the answer, intervals, simple models, folds.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/page.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <report/example_folds.h>
#include <report/folder.h>

using namespace cellverdict;

namespace {

std::string page_of(const ReportInput& input) {
  const TemporaryFolder folder("evidence");
  return read_file(write_report({}, input, folder.path, {.pictures = false}).html);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ReportInput with(std::vector<ReportVariant> variants) {
  ReportInput input = example::report();
  input.variants = std::move(variants);
  return input;
}

// The row whose first cell reads `name`.
std::string row_of(const std::string& page, const std::string& name) {
  const auto at = page.find("<th scope=\"row\">" + name);
  REQUIRE_MESSAGE(at != std::string::npos, name);
  return page.substr(at, page.find("</tr>", at) - at);
}

}  // namespace

TEST_CASE("the answer stands above verdicts and tables, marked as shown, not shown or not to be said") {
  auto folds = example::folds_variant();
  auto open = example::report().variants[2], no = open;
  example::measure(open.evaluation);
  no.evaluation.answer = "Not shown that it can be read: the AUC is 0.6, which includes 0.5.";
  const std::string page = page_of(with({folds, open, no}));
  const auto answer = page.find("class=\"answer yes\"><p><span class=\"mark\">shown</span>");
  CHECK(answer < page.find("Verdict</h2>"));
  CHECK(answer < page.find("<table"));
  CHECK(answer > page.find("class=\"question\""));
  CHECK(has(page, "class=\"answer open\"><p><span class=\"mark\">cannot be said</span>"));
  CHECK(has(page, "class=\"answer no\"><p><span class=\"mark\">not shown</span>"));
  const std::string twice = page_of(with({open, open}));
  CHECK(has(twice, "model A, day-matched t19 v0, model A</span>"));  // the same sentence once
  CHECK_FALSE(has(page_of(example::report()), "class=\"answer"));    // none was given
}

TEST_CASE("units come before cells in the table of certainty, each number with its interval or the reason why there is none") {
  auto variant = example::folds_variant();
  const Evaluation& e = variant.evaluation;
  const std::string table = certainty_table(e, "library");
  const auto& auc = e.metrics[0];
  CHECK(has(table, fixed(auc.interval->low, 3) + " to " + fixed(auc.interval->high, 3)));
  CHECK(has(table, auc.interval->method));
  CHECK(has(table, "12 Patient against 12 others"));
  CHECK(has(row_of(table, "sensitivity (share of Patient called Patient)"), "<td>12 libraries</td>"));
  CHECK(table.rfind("<td>libraries</td>") < table.find("<td>cells</td>"));
  CHECK(has(table, "only whole libraries are drawn"));
  CHECK(has(table, "mean over folds"));
  auto pair = example::report().variants[2].evaluation;
  example::measure(pair);
  const std::string few = certainty_table(pair, "library");
  CHECK(has(few, escape_html(pair.metrics[0].why_not)));
  CHECK(has(few, "<td class=\"num\">not estimable</td>"));
  CHECK_FALSE(has(few, "mean over folds"));
  CHECK(certainty_table(Evaluation{}, "library").empty());
}

TEST_CASE("units of one donor are said to make the intervals too narrow") {
  auto e = example::folds_variant().evaluation;
  CHECK(donors_behind(e, "library").empty());
  for (auto& unit : e.split.units) unit.donors = {unit.label};
  CHECK(donors_behind(e, "library").starts_with("The 24 libraries come from 2 donors."));
}

TEST_CASE("simple models stand under the model with their intervals, the paired difference and what it means") {
  const auto e = example::folds_variant().evaluation;
  const std::string table = rival_table(e, "donor");
  CHECK(table.find(">this model<") < table.find(">majority<"));
  const std::string row = row_of(table, "pseudobulk");
  const auto& rival = e.rivals[1];
  CHECK(has(row, "summed profile of each unit"));
  CHECK(has(row, fixed(*rival.metrics[0].estimate, 3)));
  CHECK(has(row, fmt::format("{:+.3f}", *rival.difference.estimate)));
  CHECK(has(row, rival.sentence));
  CHECK(has(table, "24 donors"));
  CHECK(rival_table(example::report().variants[0].evaluation, "donor").empty());
}

TEST_CASE("each fold has a row with its own threshold, and the calls say that it used it") {
  const std::string page = page_of(with({example::folds_variant()}));
  const std::string row = row_of(page, "4</th>");
  CHECK(has(row, "n/a"));
  CHECK(has(row, "0.560<small>chosen on validation units</small>"));
  CHECK(has(page, "donor C1, C5, C9, P1, P5 and P9"));
  CHECK(has(page, "Each fold used its own threshold (0.410 to 0.560) and temperature (1.100 to 1.700)"));
  CHECK_FALSE(has(page, "The logits were divided by a temperature of"));
  CHECK_FALSE(has(page_of(example::report()), "Each fold used its own"));
}

TEST_CASE("the split of a cross-validation says that every unit was tested once") {
  const std::string page = page_of(with({example::folds_variant()}));
  CHECK(has(page, "Who was tested, in 4 folds: group by donor"));
  CHECK(has(page, "<th scope=\"row\">tested once</th>"));
  CHECK_FALSE(has(page, "<th scope=\"row\">test</th>"));
  CHECK_FALSE(has(page, "<th scope=\"row\">never tested</th>"));
  CHECK_FALSE(has(page, "Who is on which side"));
  CHECK(has(page_of(example::report()), "Who is on which side: lists by day"));
}

TEST_CASE("the limits say what the intervals cover, or that there are none") {
  CHECK(has(page_of(example::report()), "No number here has an interval"));
  const std::string page = page_of(with({example::folds_variant()}));
  CHECK(has(page, "The intervals speak of new libraries like these"));
  CHECK_FALSE(has(page, "No number here has an interval"));
}

TEST_CASE("the comparison shows the AUC over units with its interval") {
  const auto variant = example::folds_variant();
  const std::string page = page_of(with({variant}));
  const auto& auc = variant.evaluation.metrics[0];
  CHECK(has(page, "AUC (libraries)<br>95 % interval"));
  CHECK(has(row_of(page, variant.evaluation.name), fixed(*auc.estimate, 3) + "<small>" + fixed(auc.interval->low, 3) + " to "));
}

TEST_CASE("what goes with the label is said once for all variants that share the audit") {
  const auto variant = example::folds_variant();
  const std::string page = page_of(with({variant, variant}));
  const auto table = page.find("What goes with the label</h2>");
  REQUIRE(table != std::string::npos);
  CHECK(page.find("What goes with the label</h2>", table + 1) == std::string::npos);
  CHECK(has(page, "Recorded columns against the label, over 24 libraries"));
  const auto at = page.find("<th scope=\"row\" class=\"bad\">site");
  REQUIRE(at != std::string::npos);
  const std::string row = page.substr(at, page.find("</tr>", at) - at);
  CHECK(has(row, "0.61"));
  CHECK(has(row, "B: 7 libraries, all Control<br>C: 1 library, Patient"));
  CHECK(has(row, "goes with genotype"));
  CHECK(has(row_of(page, "sex"), "Nothing to warn of."));
  CHECK(has(row_of(page, "tube"), "Names each library again"));
  CHECK_FALSE(has(page_of(example::report()), "What goes with the label</h2>"));
}
