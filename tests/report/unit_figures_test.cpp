// Figures over units: what is drawn, of how many, and when nothing is.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>
#include <cellverdict/stats/metrics.h>
#include <doctest/doctest.h>
#include <report/example_evaluation.h>
#include <report/example_folds.h>

#include <cmath>
#include <nlohmann/json.hpp>

using namespace cellverdict;

namespace {

const Figure* find(const std::vector<Figure>& figures, const std::string& name) {
  for (const auto& figure : figures)
    if (figure.name == name) return &figure;
  return nullptr;
}

ReportVariant one_split(int n_per_class) {
  auto variant = example::folds_variant(n_per_class);
  variant.evaluation.folds.clear();
  return variant;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a variant without an AUC is named under the figures that cannot draw it") {
  auto input = example::report();
  CHECK(variants_without_auc(input).empty());
  auto& e = input.variants[1].evaluation;
  e.heads.front().cells.auc.reset();
  CHECK(variants_without_auc(input) == "No AUC, so not drawn: " + e.name + ".");
  const auto figures = overview_figures(input);
  for (const char* name : {"roc_by_variant", "auc_by_variant"}) {
    REQUIRE(find(figures, name) != nullptr);
    CHECK(has(find(figures, name)->note, e.name));
  }
  for (auto& variant : input.variants) variant.evaluation.heads.front().cells.auc.reset();
  CHECK(variants_without_auc(input).empty());
}

TEST_CASE("the forest has a row for each variant and each simple model, with whiskers where there is an interval") {
  auto input = example::report();
  CHECK(forest_figures(input).empty());
  example::measure(input.variants[0].evaluation);
  input.variants.resize(1);
  input.variants.push_back(example::folds_variant());
  const auto figures = forest_figures(input);
  REQUIRE(figures.size() == 1);
  const auto rows = nlohmann::json::parse(figures[0].spec)["data"]["values"];
  REQUIRE(rows.size() == 4);
  CHECK(rows[0]["name"] == "mixed days, model A · 2 libraries");
  CHECK_FALSE(rows[0].contains("low"));
  CHECK(has(rows[0]["text"], "interval not estimable"));
  const auto& auc = input.variants[1].evaluation.metrics[0];
  CHECK(rows[1]["low"].get<double>() == doctest::Approx(auc.interval->low).epsilon(1e-5));
  CHECK(rows[1]["high"].get<double>() == doctest::Approx(auc.interval->high).epsilon(1e-5));
  CHECK(rows[2]["name"] == "majority");
  CHECK(rows[3]["what"] == "a simple model on the same units");
}

TEST_CASE("reliability says its bins and both Brier scores, and an expected calibration error only from fifty units") {
  const auto variant = example::folds_variant();
  const auto figures = unit_figures(variant, "library");
  const Figure* reliability = find(figures, "reliability");
  REQUIRE(reliability != nullptr);
  const auto points = nlohmann::json::parse(reliability->spec)["data"]["values"];
  REQUIRE(points.size() == 10 + 4);  // cells, and 24 units in fours of about six
  CHECK(points[0]["what"] == "cells, 10 bins of equal number");
  CHECK_FALSE(points[0].contains("low"));
  CHECK(points[10]["what"] == "libraries, 4 bins of equal number");
  CHECK(points[10]["low"].get<double>() <= points[10]["was"].get<double>());
  const auto units = unit_probabilities(variant.evaluation);
  double brier = 0;
  for (std::size_t i = 0; i < units.positive.size(); ++i) {
    const double off = units.probability[i] - units.positive[i];
    brier += off * off / 24;
  }
  CHECK(units.brier == doctest::Approx(brier));
  CHECK(has(reliability->note, fixed(brier, 3) + " over 24 libraries, 0.212 over cells"));
  CHECK(has(reliability->note, "No expected calibration error is given below 50 libraries"));
  const auto many = unit_figures(one_split(30), "library");
  CHECK(has(find(many, "reliability")->note, "Expected calibration error over libraries 0."));
}

TEST_CASE("precision and recall have the share of the positive as their base, and are not drawn over folds") {
  const auto figures = unit_figures(one_split(12), "library");
  const Figure* curve = find(figures, "precision_recall");
  REQUIRE(curve != nullptr);
  const auto points = nlohmann::json::parse(curve->spec)["data"]["values"];
  CHECK(points.back()["precision"] == 0.5);
  CHECK(has(points.back()["what"], "the share of Patient, 0.500"));
  const auto units = unit_probabilities(one_split(12).evaluation);
  CHECK(has(points[0]["what"], metric(average_precision(units.positive, units.probability))));
  CHECK(find(unit_figures(example::folds_variant(), "library"), "precision_recall") == nullptr);
  CHECK(find(unit_figures(one_split(3), "library"), "precision_recall") == nullptr);
}

TEST_CASE("the decision curve is drawn from twenty units and counts hits against false alarms") {
  const auto variant = one_split(10);
  const auto figures = unit_figures(variant, "library");
  const Figure* curve = find(figures, "decision_curve");
  REQUIRE(curve != nullptr);
  const auto units = unit_probabilities(variant.evaluation);
  double benefit = 0;
  for (std::size_t i = 0; i < units.positive.size(); ++i)
    if (units.probability[i] >= 0.5) benefit += (units.positive[i] == 1 ? 1.0 : -1.0) / 20;
  bool seen = false;
  const auto spec = nlohmann::json::parse(curve->spec);  // named: the loop walks inside it
  for (const auto& point : spec["data"]["values"])
    if (point["what"] == "following the model" && std::abs(point["threshold"].get<double>() - 0.5) < 1e-9) {
      seen = true;
      CHECK(point["benefit"].get<double>() == doctest::Approx(benefit).epsilon(1e-5));
    }
  CHECK(seen);
  CHECK(find(unit_figures(one_split(9), "library"), "decision_curve") == nullptr);
}

TEST_CASE("nothing is drawn of a pair of units, or of three classes") {
  auto variant = example::report().variants[0];
  CHECK(unit_figures(variant, "library").empty());
  variant = one_split(12);
  variant.evaluation.cell_bins.clear();
  variant.evaluation.classes.push_back("Other");
  CHECK(unit_figures(variant, "library").empty());
}

TEST_CASE("figures of units of an optimistic split bear the banner") {
  auto variant = one_split(12);
  variant.evaluation.split.optimistic = true;
  const auto figures = unit_figures(variant, "library");
  CHECK(figures.size() == 3);
  for (const auto& figure : figures) CHECK(has(figure.spec, std::string(kOptimisticBanner)));
}

TEST_CASE("learning curves of a cross-validation say that they are those of its first fold") {
  CHECK(has(curve_figures(example::folds_variant())[0].spec, "four folds, model A · fold 1 of 4 · 15 epochs"));
  CHECK(has(curve_figures(one_split(12))[0].spec, "four folds, model A · 15 epochs"));
}
