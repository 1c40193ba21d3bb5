// The page of an explanation, from numbers made up here.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/explain_page.h>

#include <doctest/doctest.h>
#include <report/folder.h>

#include <cmath>
#include <nlohmann/json.hpp>

using namespace cellverdict;

namespace {

const double kNone = std::nan("");

ExplainResult explained() {
  ExplainResult r{
      .class_name = "<b>ill", .against = "well", .baseline = "the mean training cell of 'well'", .types_how = "the column 'type'"};
  r.n_units = 4;
  r.n_in_class = 2;
  r.n_cells = 40;
  r.n_genes = 3;
  r.n_top = 1;
  r.auc = 0.75;
  r.random_agreement = {0.25};
  r.units = {"u1", "u2", "u3", "u4"};
  r.is_in_class = {true, true, false, false};
  for (int g = 0; g < 3; ++g)
    r.genes.push_back({.id = "ID" + std::to_string(g),
                       .symbol = "G" + std::to_string(g),
                       .in_class = 0.3 - g,
                       .elsewhere = kNone,
                       .expression_rank = g + 1});
  r.types = {{.name = "T cell",
              .markers = "CD3E",
              .n_cells = 30,
              .n_in_class = 2,
              .n_elsewhere = 2,
              .mean = 2e-5,
              .median = 2e-5,
              .p_adjusted = 0.5,
              .values = {1e-5, 3e-5, 0, -1e-5}},
             {.name = "B & co",
              .n_cells = 10,
              .n_in_class = 1,
              .mean = 1e-5,
              .median = 1e-5,
              .elsewhere_mean = kNone,
              .elsewhere_median = kNone,
              .values = {1e-5, kNone, kNone, kNone}}};
  r.pictured = {"G0", "G1"};
  r.in_each_type = {{1e-5, 2e-5}, {kNone, 1e-6}};
  r.genes_of_types = {{.type = "T cell", .genes = {"G0"}, .values = {{1e-5, 2e-5}}}};
  r.sets = {{.name = "a set", .n_genes = 2, .n_top = 1, .odds_ratio = 3, .p_value = 0.2, .p_adjusted = 0.4}};
  r.enriched = {
      {.name = "a set", .n_genes = 5, .score = -0.5, .normalised = -1.25, .p_value = 0.03, .p_adjusted = 0.06, .leading = {"G2"}}};
  r.warnings = {"Something to know first."};
  return r;
}

bool has(const std::string& page, const std::string& what) {
  return page.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the page of an explanation says what must be known before any number, and what it rests on") {
  const ExplainResult r = explained();
  const std::string page = explain_page({.result = r, .unit_noun = "donor", .source = "run"}, {});
  CHECK(page.find("Something to know first.") < page.find("<table"));
  CHECK(page.find("For research. Not for diagnosis") < page.find("<table"));
  CHECK(has(page, "4 donors held out of training (2 of &lt;b&gt;ill, 40 cells in all), 3 genes"));
  CHECK(has(page, "with AUC 0.75"));
  CHECK(has(page, "Spearman&#39;s correlation 0.25"));
  CHECK(has(page, "the background is the 3 genes of the model"));
  CHECK(has(page, "-1.25"));
  CHECK_FALSE(has(page, "<b>ill"));
  CHECK_FALSE(has(page, "B & co"));
  CHECK_FALSE(has(page, "nan"));
}

TEST_CASE("figures of an explanation hold every unit, and no more than there is") {
  ExplainResult r = explained();
  const auto figures = explain_figures({.result = r, .unit_noun = "donor"});
  REQUIRE(figures.size() == 3);
  const auto spec = nlohmann::json::parse(figures[0].spec);
  CHECK(spec["data"]["values"].size() == 5);  // a point for each donor with cells of the type
  CHECK(nlohmann::json::parse(figures[2].spec)["data"]["values"].size() == 3);
  r.types.resize(1);
  r.genes_of_types.clear();
  CHECK(explain_figures({.result = r}).empty());
}

TEST_CASE("several explanations have a page with links, agreement and warnings") {
  std::vector<ExplainResult> results(2, explained());
  results[0].model = "fold-1";
  results[1].model = "fold-2";
  const std::vector<ExplanationPair> pairs = {
      {.first = 0, .second = 1, .agreement = {.n_genes = 3, .n_first = 1, .correlation = 0.123, .jaccard = 1}}};
  const ExplainOverview overview{
      .results = results,
      .pairs = pairs,
      .consensus = {{.class_name = "ill", .id = "ID0", .symbol = "G0", .n_models = 2, .n_first = 1, .median_rank = 1.5}},
      .sets = {},
      .links = {"fold-1/explain.html", "fold-2/explain.html"},
      .names = {"fold-1", "fold-2"},
      .warnings = {"fold-2: odd."},
      .source = "run"};
  const TemporaryFolder folder("explained_overview");
  write_explain_overview(overview, folder.path, false);
  const std::string page = read_file(folder.path / "explain.html");
  for (const char* said : {"href=\"fold-2/explain.html\"", "0.123", "1 of 2", "fold-2: odd."}) CHECK(has(page, said));
}
