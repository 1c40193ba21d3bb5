// What a clinician asks: predictive values, failures, subgroups, use, checklist.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/page.h>
#include <doctest/doctest.h>
#include <report/example_folds.h>
#include <report/folder.h>

#include <nlohmann/json.hpp>
#include <set>

using namespace cellverdict;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// `n` units of each class with so many called right.
Evaluation called(int n, int right_positive, int right_negative) {
  Evaluation e;
  e.classes = {"Control", "Patient"};
  e.positive = "Patient";
  e.split.by = "site";
  for (int i = 0; i < n; ++i) {
    const bool hit = i < right_positive, rejected = i < right_negative;
    e.units.push_back({"P" + std::to_string(i),
                       "d",
                       "Patient",
                       i % 2 == 0 ? "A" : "B",
                       5,
                       {hit ? 0.1 : 0.6 + 0.01 * i, hit ? 0.9 : 0.4 - 0.01 * i},
                       hit ? "Patient" : "Control",
                       0.5});
    e.units.push_back({"C" + std::to_string(i),
                       "d",
                       "Control",
                       "A",
                       5,
                       {rejected ? 0.9 : 0.05, rejected ? 0.1 : 0.95},
                       rejected ? "Control" : "Patient",
                       0.5});
  }
  return e;
}

}  // namespace

TEST_CASE("predictive values follow from sensitivity and specificity by Bayes") {
  const auto e = called(10, 9, 8);
  const std::string table = predictive_table(e, "donor");
  CHECK(has(table, "9 of 10 Patient donors were called so, and 8 of 10 others were not."));
  for (const double prevalence : {0.01, 0.05, 0.2, 0.5}) {
    const double ppv = 0.9 * prevalence / (0.9 * prevalence + 0.2 * (1 - prevalence));
    const double npv = 0.8 * (1 - prevalence) / (0.8 * (1 - prevalence) + 0.1 * prevalence);
    CHECK(has(table, ">" + fixed(ppv, 3) + "<small>"));
    CHECK(has(table, ">" + fixed(npv, 3) + "<small>"));
  }
  CHECK(has(table, "of 100 calls of Patient about 4 would be right and 96 false alarms"));
  const std::string few = predictive_table(called(2, 2, 2), "donor");
  CHECK(has(few, "Predictive values are not given below 4 donors of each class."));
  CHECK_FALSE(has(few, "<table"));
}

TEST_CASE("intervals of predictive values reach as far as those of sensitivity and specificity allow") {
  // All of both classes called right: nothing speaks against a perfect call, and much against trusting it.
  const auto sensitivity = *proportion_interval(12, 12, 0.975).interval;
  const double low = sensitivity.low * 0.01 / (sensitivity.low * 0.01 + (1 - sensitivity.low) * 0.99);
  const std::string table = predictive_table(called(12, 12, 12), "donor");
  CHECK(has(table, "<th scope=\"row\">1 %</th><td class=\"num\">1.000<small>" + fixed(low, 3) + " to 1.000</small>"));
  const std::string nobody = predictive_table(called(12, 0, 12), "donor");  // no call at all
  CHECK(has(nobody, "<th scope=\"row\">1 %</th><td class=\"num\">n/a</td>"));
}

TEST_CASE("units called wrong stand with the most confident first, and none is said to be none") {
  const auto e = called(10, 8, 9);
  const std::string table = failure_table(e, "donor");
  CHECK(has(table, "3 of 20 donors, the most confident first"));
  CHECK(table.find("C9") < table.find("P9"));
  CHECK(table.find("P9") < table.find("P8"));
  CHECK_FALSE(has(table, "P7"));
  CHECK(has(table, "<th scope=\"col\">site</th>"));
  auto by_donor = e;
  for (auto& unit : by_donor.units) unit.stratum = unit.donor;
  CHECK_FALSE(has(failure_table(by_donor, "donor"), "<th scope=\"col\">site</th>"));  // it would say the donor twice
  CHECK(has(failure_table(called(3, 3, 3), "donor"), "None of 6 donors was called wrong."));
  CHECK(failure_table(Evaluation{}, "donor").empty());
}

TEST_CASE("subgroups have their units and each share with its interval, and a column without groups says why") {
  Evaluation e = called(10, 10, 8);
  const MeasuredMetric right{
      .metric = "accuracy", .estimate = 0.8, .interval = Interval{.estimate = 0.8, .low = 0.55, .high = 0.93}};
  const MeasuredMetric found{.metric = "sensitivity", .why_not = "no units"};
  e.subgroups = {{.column = "sex", .groups = {{.value = "f", .n_units = 15, .n_cells = 1500, .metrics = {right, found}}}},
                 {.column = "site", .why_not = "every test unit has a value of its own"}};
  const std::string table = subgroup_table(e, "donor");
  CHECK(has(table, "By sex, over 20 donors"));
  CHECK(has(
      table,
      "<th scope=\"row\">f</th><td class=\"num\">15</td><td class=\"num\">1,500</td><td class=\"num\">0.800<small>0.550 to 0.930"));
  CHECK(has(table, "n/a<small>no donor</small>"));
  CHECK(has(table, "site makes no groups: every test unit has a value of its own."));
  CHECK(subgroup_table(Evaluation{}, "donor").empty());
}

TEST_CASE("the model card has the page's numbers, uses, limits and hashes, and its markdown lets nothing in as markup") {
  auto input = example::report();
  input.provenance = {{"cohort.h5ad", "SHA-256 0123abcd"}};
  input.variants[0].model = {{"weights", "SHA-256 fedc"}};
  input.variants[0].evaluation.metrics = {
      {.metric = "auc",
       .estimate = 0.75,
       .interval = Interval{.estimate = 0.75, .low = 0.5, .high = 0.9, .method = "DeLong, logit"}}};
  input.title = "A <b>bold</b> # title";
  const std::string text = model_card_markdown(input);
  for (const char* heading :
       {"## Model", "## Intended use", "## Out-of-scope use", "## Training data", "## Preparation of data", "## Evaluation data",
        "## What was measured", "## How a call is made", "## Limits", "## Where it is from"})
    CHECK_MESSAGE(has(text, heading), heading);
  CHECK(has(text, "AUC over libraries: 0.750 (95 % interval 0.500 to 0.900, DeLong, logit)"));
  CHECK(has(text, "SHA-256 0123abcd"));
  CHECK(has(text, "weights: SHA-256 fedc"));
  CHECK(has(text, "A \\<b\\>bold\\</b\\> \\# title"));
  CHECK_FALSE(has(text, "<b>"));
  CHECK(has(model_card_section(input), "SHA-256 fedc"));
  CHECK(model_card({}).empty());
}

TEST_CASE("the split is drawn with a square a unit, by side and class") {
  const auto input = example::report();
  const auto& variant = input.variants[0];
  const auto figures = split_figures(variant, "library");
  REQUIRE(figures.size() == 1);
  const auto spec = nlohmann::json::parse(figures[0].spec);
  CHECK(spec["data"]["values"].size() == variant.evaluation.split.units.size());
  std::set<std::string> places;
  for (const auto& square : spec["data"]["values"])
    places.insert(square["side"].dump() + square["class"].dump() + square["x"].dump() + " " + square["y"].dump());
  CHECK(places.size() == variant.evaluation.split.units.size());  // none hides another
  CHECK(spec["facet"]["column"]["sort"] == nlohmann::json({"train", "validation", "test"}));
}

TEST_CASE("the permutation test is said to be of the simple model, with the least p it could give") {
  auto p = example::folds_variant().evaluation.permutations.at(0);
  const std::string said = permutation_words(p, "library");
  CHECK(has(said,
            "Negative control (shuffled labels): the labels of the libraries were dealt at random 200 times and the pseudobulk"));
  CHECK(has(said, "reached a median AUC of 0.500 (9 of 10 deals 0.500 to 0.500); with the true labels 0.889"));
  CHECK(has(said, "p = 0.00498"));
  CHECK(has(said, "2704156 different deals"));
  CHECK(has(said, "not the net"));
  p.model = kPermutedNet;
  CHECK(has(permutation_words(p, "library"), "everything that was trained, the net included"));
  CHECK_FALSE(has(permutation_words(p, "library"), "not the net"));
  p.p_value.reset();
  p.why_not = "a class has one unit";
  CHECK(has(permutation_words(p, "library"), "the net: not tested: a class has one unit."));
}

TEST_CASE("dealt labels that are read better than chance are warned of") {
  auto p = example::folds_variant().evaluation.permutations.at(0);
  for (std::size_t i = 0; i < p.deals.size(); ++i) p.deals[i] = i % 2 == 0 ? 0.3 : 0.7;
  CHECK_FALSE(has(permutation_words(p, "library"), "Do not trust"));
  for (std::size_t i = 0; i < p.deals.size(); ++i) p.deals[i] = i % 2 == 0 ? 0.5 : 0.9;
  CHECK(has(permutation_words(p, "library"), "Do not trust"));
}

TEST_CASE("the negative control is drawn as a histogram of all deals with the true labels marked") {
  const auto variant = example::folds_variant();
  const auto figures = control_figures(variant, "library");
  REQUIRE(figures.size() == 1);
  CHECK(figures[0].name == "negative_control_pseudobulk");
  CHECK(has(figures[0].spec, "true labels: 0.889"));
  const auto spec = nlohmann::json::parse(figures[0].spec);
  std::int64_t n = 0;
  for (const auto& bar : spec["data"]["values"]) n += bar["n"].get<std::int64_t>();
  CHECK(n == 200);
  CHECK(spec["data"]["values"][10]["n"] == 200);  // a deal of 0.5 lies in [0.50, 0.55)
}

TEST_CASE("use stands before the limits, and the checklist says what the program cannot know") {
  const TemporaryFolder folder("clinical");
  const std::string page = read_file(write_report({}, example::report(), folder.path, {.pictures = false}).html);
  const auto use = page.find("Intended use, and what it is not for</h2>"), limits = page.find("What this cannot show</h2>");
  REQUIRE(use != std::string::npos);
  CHECK(use < limits);
  CHECK(has(page, "Not for: diagnosis"));
  const auto checklist = page.find("Reporting checklist</h2>");
  CHECK(checklist > limits);
  CHECK(has(page,
            "<th scope=\"row\">17</th><td>ethical approval</td><td>not reported by this program: the authors must add it</td>"));
  for (int item = 1; item <= 27; ++item) {
    const std::string start = "<th scope=\"row\">" + std::to_string(item);
    bool found = false;
    for (const char* end : {"<", "a", "b"}) found = found || page.find(start + end, checklist) != std::string::npos;
    CHECK_MESSAGE(found, item);
  }
}
