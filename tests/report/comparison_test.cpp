// Which variants stand beside which, what is said of their difference, and what the page and comparison.tsv show of it.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/comparison.h>
#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>
#include <doctest/doctest.h>
#include <report/example_evaluation.h>
#include <report/folder.h>

#include <nlohmann/json.hpp>
#include <sstream>

using namespace cellverdict;
namespace fs = std::filesystem;

namespace {

// Twelve test units, six of each class, with the probabilities given.
Evaluation with_units(const std::string& name, const std::vector<double>& probability) {
  Evaluation e;
  e.name = name;
  e.classes = e.split.classes = {"Control", "Patient"};
  e.positive = "Patient";
  e.split.scheme = "group";
  std::vector<std::pair<double, bool>> means;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    const bool is_patient = i % 2 == 1;
    const std::string unit = "U" + std::to_string(i), label = is_patient ? "Patient" : "Control";
    e.split.units.push_back({unit, {unit}, label, "", Side::test, 100});
    e.units.push_back({.unit = unit,
                       .donor = unit,
                       .label = label,
                       .stratum = "",
                       .n_cells = 100,
                       .probability = {1 - probability[i], probability[i]},
                       .predicted = label});
    means.emplace_back(probability[i], is_patient);
  }
  HeadResult head{.label = "disease", .classes = e.classes};
  head.cell_roc = head.unit_roc = example::roc_of(means);
  head.cells = example::classification_of(means, example::auc_of(head.cell_roc));
  head.units = head.cells;
  e.heads = {head};
  return e;
}

const std::vector<double> kGood = {.1, .9, .2, .8, .3, .7, .4, .6, .15, .95, .45, .55},
                          kPoor = {.1, .4, .6, .8, .3, .2, .7, .6, .5, .45, .65, .35};

std::vector<std::vector<std::string>> rows_of(const std::string& tsv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(tsv);
  for (std::string line; std::getline(lines, line);) {
    auto& row = rows.emplace_back();
    for (std::size_t at = 0; at <= line.size();) {
      const std::size_t end = std::min(line.find('\t', at), line.size());
      row.push_back(line.substr(at, end - at));
      at = end + 1;
    }
  }
  return rows;
}

std::string part(const std::string& page, const std::string& from, const std::string& to) {
  const auto begin = page.find(from);
  REQUIRE_MESSAGE(begin != std::string::npos, from);
  return page.substr(begin, page.find(to, begin) - begin);
}

}  // namespace

TEST_CASE("variants are paired by the units on their sides and the settings of their model, not by their order or name") {
  auto input = example::report();
  std::swap(input.variants[0], input.variants[3]);
  const Comparison c = compare_variants(input);
  REQUIRE(c.splits.size() == 2);
  REQUIRE(c.models.size() == 2);
  CHECK(c.splits[0].name == "day-matched t19 v0");
  CHECK(c.splits[1].name == "mixed days");
  CHECK(c.models[0].letter == "B");  // the names end in it
  CHECK(c.models[1].letter == "A");
  CHECK(c.splits[0].variant == std::vector<std::optional<std::size_t>>{0, 2});
  CHECK(c.splits[1].variant == std::vector<std::optional<std::size_t>>{1, 3});
  CHECK(differing_in_words(c, 1) == "no model.head.day.weight");
}

TEST_CASE("one cell more in one unit is another split, and so is another side") {
  auto input = example::report();
  input.variants[1].evaluation.split.units[0].n_cells += 1;
  CHECK(compare_variants(input).splits.size() == 3);
  input = example::report();
  input.variants[1].evaluation.split.units[0].side = Side::unused;
  CHECK(compare_variants(input).splits.size() == 3);
}

TEST_CASE("models are told apart by any key, and said by the keys in which they differ") {
  auto input = example::report();
  input.variants.resize(3);
  for (auto& variant : input.variants) {
    variant.evaluation.split = input.variants[0].evaluation.split;
    variant.settings = {{"model.width", "512"}, {"train.epochs", "40"}};
    variant.evaluation.name = "v" + std::to_string(&variant - input.variants.data());
  }
  input.variants[1].settings[0].second = "128";
  input.variants[2].settings.emplace_back("model.head.day.weight", "0.3");
  const Comparison c = compare_variants(input);
  CHECK(c.keys == std::vector<std::string>{"model.width", "model.head.day.weight"});
  REQUIRE(c.models.size() == 3);
  CHECK(differing_in_words(c, 0) == "model.width 512, no model.head.day.weight");
  CHECK(differing_in_words(c, 1) == "model.width 128");
  CHECK(differing_in_words(c, 2) == "model.head.day.weight 0.3");
}

TEST_CASE("two runs of the same settings on the same split both stay in the comparison") {
  auto input = example::report();
  input.variants = {input.variants[0], input.variants[0]};
  const Comparison c = compare_variants(input);
  CHECK(c.models.size() == 2);
  CHECK(c.splits.size() == 1);
}

TEST_CASE("a single variant, and variants with nothing in common, are not compared") {
  auto input = example::report();
  CHECK_FALSE(compare_variants(input).is_empty());
  input.variants = {input.variants[0], input.variants[3]};  // other split, other model
  CHECK(compare_variants(input).is_empty());
  input.variants.resize(1);
  CHECK(compare_variants(input).is_empty());
  CHECK(compare_variants({}).is_empty());
}

TEST_CASE("the difference over units is second minus first, with DeLong's paired interval on the same units in any order") {
  const Evaluation poor = with_units("poor", kPoor);
  Evaluation good = with_units("good", kGood);
  std::ranges::reverse(good.units);
  const auto d = difference_between(poor, good);
  REQUIRE(d.interval);
  REQUIRE(d.units);
  CHECK(*d.units == doctest::Approx(*good.heads[0].units->auc - *poor.heads[0].units->auc));
  CHECK(*d.units > 0.3);
  std::vector<std::uint8_t> positive;
  for (std::size_t i = 0; i < kGood.size(); ++i) positive.push_back(i % 2);
  const auto truth = auc_difference(positive, {.a = kGood, .b = kPoor}).difference.interval;
  CHECK(d.interval->low == doctest::Approx(truth->low));
  CHECK(d.interval->high == doctest::Approx(truth->high));
  CHECK(difference_between(good, poor).interval->high == doctest::Approx(-truth->low));
}

TEST_CASE("where units are too few, seen in training, of several folds or not the same, there is a reason and no interval") {
  const auto input = example::report();
  const auto few = difference_between(input.variants[0].evaluation, input.variants[1].evaluation);
  CHECK_FALSE(few.interval);
  CHECK(few.why_not.find("an interval needs 4 of each") != std::string::npos);
  CHECK(few.cells);
  const Evaluation good = with_units("good", kGood);
  Evaluation other = with_units("poor", kPoor);
  other.units[3].unit = "stranger";
  CHECK(difference_between(good, other).why_not == "the two were not asked about the same units");
  Evaluation seen = good;
  seen.split.optimistic = true;
  CHECK(difference_between(seen, seen).why_not == "cells of these units were in training");
  CHECK_FALSE(difference_between(seen, seen).interval);
  Evaluation folded = good;
  folded.folds.resize(2);
  CHECK_FALSE(difference_between(folded, folded).why_not.empty());
  CHECK_FALSE(difference_between(folded, folded).interval);
}

TEST_CASE("the page shows both models under every split, with the difference, and comparison.tsv has the same numbers") {
  const TemporaryFolder folder("compare");
  const auto input = example::report();
  const auto result = write_report({}, input, folder.path, {.pictures = false});
  REQUIRE(result.comparison == folder.path / "comparison.tsv");
  const auto rows = rows_of(read_file(result.comparison));
  REQUIRE(rows.size() == 5);
  for (const auto& row : rows) CHECK(row.size() == rows[0].size());
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(rows[0], name) - rows[0].begin());
  };
  CHECK(rows[1][column("split")] == "mixed days");
  CHECK(rows[2][column("model")] == "B");
  CHECK(rows[2][column("compared_with")] == "A");
  CHECK(rows[1][column("delta_cells")].empty());
  const double a = *input.variants[0].evaluation.heads[0].cells.auc, b = *input.variants[1].evaluation.heads[0].cells.auc;
  CHECK(std::stod(rows[2][column("delta_cells")]) == doctest::Approx(b - a).epsilon(1e-6));
  CHECK(rows[2][column("delta_units_low")].empty());
  CHECK(rows[2][column("no_interval_because")].find("needs 4 of each") != std::string::npos);
  CHECK(rows[1][column("cells_test")] == "4130");
  const std::string page = read_file(result.html);
  const std::string table = part(page, "Model B against Model A under every split", "</table>");
  CHECK(table.find(metric(a)) != std::string::npos);
  CHECK(table.find("not estimable") != std::string::npos);
  CHECK(page.find("AUC of Model B over cells is higher than that of Model A under 1 of 2 splits and lower under 1") !=
        std::string::npos);
}

TEST_CASE("three models of one split stand in a table with their settings, and a choice is warned of") {
  const TemporaryFolder folder("models");
  auto input = example::report();
  input.variants.resize(3);
  const char* activations[] = {"relu", "tanh", "sgd-tanh"};
  for (std::size_t v = 0; v < 3; ++v) {
    input.variants[v].evaluation.split = input.variants[0].evaluation.split;
    input.variants[v].evaluation.name = std::string("sweep ") + activations[v];
    input.variants[v].settings = {{"model.activation", activations[v]}};
  }
  const std::string page = read_file(write_report({}, input, folder.path, {.pictures = false}).html);
  const std::string table = part(page, "The 3 models under sweep", "</table>");
  CHECK(table.find("model<br>activation") != std::string::npos);
  CHECK(table.find("<td>sgd-tanh</td>") != std::string::npos);
  CHECK(page.find("would be choosing on the test side") != std::string::npos);
  CHECK(page.find("Model B against Model A") == std::string::npos);
}

TEST_CASE("a report with one variant takes away the comparison of an earlier one") {
  const TemporaryFolder folder("stale");
  auto input = example::report();
  write_report({}, input, folder.path, {.pictures = false});
  REQUIRE(fs::exists(folder.path / "comparison.tsv"));
  input.variants.resize(1);
  CHECK(write_report({}, input, folder.path, {.pictures = false}).comparison.empty());
  CHECK_FALSE(fs::exists(folder.path / "comparison.tsv"));
}

TEST_CASE("a tab in a name makes no column") {
  auto input = example::report();
  for (auto& variant : input.variants) variant.evaluation.name = "a\tb\n" + variant.evaluation.name;
  const auto rows = rows_of(comparison_tsv(input, compare_variants(input)));
  REQUIRE(rows.size() == 5);
  for (const auto& row : rows) CHECK(row.size() == rows[0].size());
}

TEST_CASE("the curves of a model under every split are laid over one another, and the bars carry the difference") {
  const auto input = example::report();
  const auto figures = compare_figures(input, compare_variants(input));
  REQUIRE(figures.size() == 3);
  CHECK(figures[0].name == "roc_model_a");
  CHECK(figures[1].name == "roc_model_b");
  CHECK(figures[0].spec.find("mixed days · AUC ") != std::string::npos);
  CHECK(figures[0].spec.find("day-matched t19 v0 · AUC ") != std::string::npos);
  const auto bars = nlohmann::json::parse(figures[2].spec)["data"]["values"];
  REQUIRE(bars.size() == 4);
  const double a = *input.variants[0].evaluation.heads[0].cells.auc, b = *input.variants[1].evaluation.heads[0].cells.auc;
  CHECK(bars[0]["text"] == metric(a));
  CHECK(bars[1]["text"].get<std::string>().starts_with(metric(b) + " Δ "));
  CHECK(bars[1]["text"].get<std::string>().ends_with(fixed(std::abs(b - a), 3)));
}
