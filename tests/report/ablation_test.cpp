// Trainings with several seeds: means and standard deviations over them, in the table, the figures and ablation.tsv, and no word of
// an interval.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/ablation.h>
#include <doctest/doctest.h>
#include <report/folder.h>

#include <nlohmann/json.hpp>

using namespace cellverdict;

namespace {

ReportVariant variant(const std::string& name, const std::string& aggregator, const std::string& balance,
                      const std::vector<double>& f1) {
  ReportVariant out;
  Evaluation& e = out.evaluation;
  e.name = name;
  e.classes = e.split.classes = {"a", "b"};
  e.positive = "b";
  e.heads.push_back({.label = "disease", .classes = e.classes});
  e.heads[0].cells.n = 1;
  e.units = {{.unit = "u1", .label = "a", .probability = {1, 0}, .predicted = "a"},
             {.unit = "u2", .label = "b", .probability = {0, 1}, .predicted = "b"}};
  out.settings = {{"model.kind", "bag"}, {"model.bag.aggregator", aggregator}, {"model.bag.balance", balance}};
  for (std::size_t k = 0; k < f1.size(); ++k)
    out.seeds.push_back({.seed = 42 + k, .weighted_f1 = f1[k], .accuracy = 0.5, .auc = {}});
  return out;
}

ReportInput two_by_two(const std::vector<double>& f1) {
  return {.title = "t",
          .question = "q",
          .unit_noun = "donor",
          .first_lines = {},
          .variants = {variant("attention", "nonlinear-attention", "none", f1), variant("mean", "mean", "none", {0.5, 0.7}),
                       variant("oversampled", "nonlinear-attention", "oversample-disease", {0.9, 0.8})},
          .provenance = {},
          .experiment = {}};
}

}  // namespace

TEST_CASE("the spread over seeds has n - 1 below, and one seed has none") {
  const Spread spread = spread_of({0.6, 0.7, 0.8});
  CHECK(spread.mean == doctest::Approx(0.7));
  CHECK(*spread.sd == doctest::Approx(0.1));
  CHECK(!spread_of({0.5}).sd);
  CHECK(spread_of({0.5}).mean == 0.5);
}

TEST_CASE("variants that differ in the aggregator and those that differ in the sampling make a figure each") {
  const ReportInput input = two_by_two({0.6, 0.7, 0.8});
  const auto panels = ablation_panels(input);
  REQUIRE(panels.size() == 2);
  CHECK(panels[0].name == "ablation_aggregators");
  CHECK(panels[0].variants == std::vector<std::size_t>{0, 1});
  CHECK(panels[1].variants == std::vector<std::size_t>{0, 2});
  const auto figures = ablation_figures(input);
  REQUIRE(figures.size() == 2);
  const auto spec = nlohmann::json::parse(figures[0].spec);
  const auto& bar = spec["data"]["values"][0];
  CHECK(bar["mean"] == doctest::Approx(0.7));
  CHECK(bar["low"] == doctest::Approx(0.6));
  CHECK(bar["high"] == doctest::Approx(0.8));
  CHECK(spec["layer"][2]["data"]["values"].size() == 10);  // a dot a seed and metric
  CHECK(figures[0].spec.find("no interval") != std::string::npos);
}

TEST_CASE("ablation.tsv has a line a variant, and there is none where nothing was trained twice") {
  const TemporaryFolder folder("ablation");
  const ReportResult made = write_report({}, two_by_two({0.6, 0.7, 0.8}), folder.path, {.pictures = false});
  const std::string tsv = read_file(made.ablation), page = read_file(made.html);
  CHECK(tsv.find("attention\tnonlinear-attention\tnone\t2\t3\t42,43,44\t0.7\t0.1\t0.5\t0\t\t\t0.6,0.7,0.8\t") != std::string::npos);
  CHECK(page.find("0.700 ± 0.100") != std::string::npos);
  CHECK(page.find("it is no interval") != std::string::npos);
  ReportInput once = two_by_two({0.6});
  for (auto& v : once.variants) v.seeds.resize(1);
  const ReportResult plain = write_report({}, once, folder.path, {.pictures = false});
  CHECK(plain.ablation.empty());
  CHECK(!std::filesystem::exists(folder.path / "ablation.tsv"));
}
