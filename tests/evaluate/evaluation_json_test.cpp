// evaluation_to_json and back.

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/evaluation.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

using namespace cellverdict;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Evaluation example() {
  Evaluation e;
  e.name = "day-matched \"t19\"\nü";
  e.split = {.scheme = "matched", .by = "day", .optimistic = true, .has_validation = false, .classes = {"Control", "Patient"}};
  e.split.units = {{"L1", {"sister", "Smith, J"}, "Control", "0", Side::train, 2210},
                   {"L2", {"patient"}, "Patient", "19", Side::unused, 7'000'000'000}};
  e.split.notes = {"one note"};
  e.classes = {"Control", "Patient"};
  e.positive = "Patient";
  HeadResult head{.label = "genotype", .classes = e.classes, .weight = 0.1 + 0.2};
  head.cells = {
      .n = 3, .n_classes = 2, .confusion = {1, 0, 1, 1}, .loss = kInfinity, .accuracy = 2.0 / 3, .f1 = 1.0 / 7, .auc = 0.1};
  head.units = Classification{};
  head.cell_roc = {{0, 0, kInfinity}, {0.1, 1.0 / 3, 0.7}, {1, 1, -kInfinity}};
  HeadResult day{.label = "day", .classes = {"0", "19"}, .weight = 0.3};
  e.heads = {head, day};
  e.combined_loss = std::nan("");
  e.threshold = 0.37;
  e.threshold_source = "chosen on validation";
  e.temperature = 1.25;
  e.split.fold = 2;
  e.split.n_folds = 4;
  e.split.held_out = "19";
  e.folds = {{.held_out = "19", .n_units = 2, .n_cells = 3, .cell_auc = 0.7, .threshold_source = "fixed"}, {}};
  e.metrics = {
      {.metric = "auc", .estimate = 0.75, .interval = Interval{.estimate = 0.75, .low = 0.5, .high = 0.9, .method = "DeLong"}},
      {.metric = "accuracy", .over_units = false, .why_not = "too few"}};
  e.units = {{"L2", "patient", "Patient", "19", 3, {0.25, 0.75}, "Patient", 1.0 / 3, {0.1, 0.9}}};
  e.subgroups = {{.column = "sex", .groups = {{.value = "f", .n_units = 2, .n_cells = 9, .metrics = e.metrics}}},
                 {.column = "site", .why_not = "one value"}};
  e.permutations = {{.model = "pseudobulk", .deals = {0.5, 1.0 / 3}, .p_value = 2.0 / 3, .n_distinct = "70"},
                    {.model = kPermutedNet, .why_not = "too few units"}};
  e.uncalibrated_cell_bins = {{0.25, 5, 1}};
  e.uncalibrated_cell_brier = 0.3;
  e.baselines = {{"day", 0.0, std::nullopt, 0.5, {{"day 19", {0, 1}, {1, 0}}}, "The day alone is wrong."}};
  e.majority_accuracy = 0.6;
  e.confounding = {{.column = "day",
                    .n_values = 7,
                    .n_units = 12,
                    .v = 1.0 / 3,
                    .one_class_values = {{"16", "Control", 2}},
                    .nested = "donor",
                    .warning = "Beware."}};
  e.cell_bins = {{1.0 / 3, 7, 2}};
  e.cell_brier = 0.1 + 0.2;
  e.first_lines = {"One patient."};
  e.warnings = {"Inverted."};
  e.verdict = "Wrong way round.";
  return e;
}

std::string complaint_of(const std::string& text) {
  try {
    evaluation_from_json(text, "evaluation.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("every number and word of an evaluation comes back from its JSON") {
  const Evaluation e = example();
  const Evaluation back = evaluation_from_json(evaluation_to_json(e), "here");
  CHECK(evaluation_to_json(back) == evaluation_to_json(e));  // and what the text does not hold is checked one by one:
  CHECK(back.name == e.name);
  CHECK(back.split.units[1].side == Side::unused);
  CHECK(back.split.units[1].n_cells == 7'000'000'000);
  CHECK(back.split.optimistic);
  CHECK_FALSE(back.split.has_validation);
  REQUIRE(back.heads.size() == 2);
  CHECK(back.heads[0].weight == 0.1 + 0.2);
  CHECK(back.heads[0].cells.loss == kInfinity);
  CHECK(back.heads[0].cells.f1 == 1.0 / 7);
  CHECK(back.heads[0].cells.confusion == e.heads[0].cells.confusion);
  CHECK(back.heads[0].units.has_value());
  CHECK_FALSE(back.heads[1].units.has_value());
  REQUIRE(back.heads[0].cell_roc.size() == 3);
  CHECK(back.heads[0].cell_roc[0].threshold == kInfinity);
  CHECK(back.heads[0].cell_roc[1].true_positive_rate == 1.0 / 3);
  CHECK(back.heads[0].cell_roc[2].threshold == -kInfinity);
  CHECK(std::isnan(back.combined_loss));
  CHECK(back.units[0].probability == e.units[0].probability);
  CHECK(back.baselines[0].unit_auc == std::optional(0.0));
  CHECK_FALSE(back.baselines[0].cell_auc.has_value());
  CHECK(back.confounding == e.confounding);
  REQUIRE(back.cell_bins.size() == 1);
  CHECK(back.cell_bins[0].mean_probability == 1.0 / 3);
  CHECK(back.cell_bins[0].n_positive == 2);
  CHECK(back.cell_brier == e.cell_brier);
  CHECK(back.units[0].uncalibrated == e.units[0].uncalibrated);
  CHECK(back.uncalibrated_cell_bins.size() == 1);
  CHECK(back.uncalibrated_cell_brier == e.uncalibrated_cell_brier);
  REQUIRE(back.subgroups.size() == 2);
  CHECK(back.subgroups[0].groups[0].metrics[0].interval->high == 0.9);
  CHECK(back.subgroups[1].why_not == "one value");
  REQUIRE(back.permutations.size() == 2);
  CHECK(back.permutations[0].deals == e.permutations[0].deals);
  CHECK_FALSE(back.permutations[1].p_value.has_value());
  CHECK(back.baselines[0].rules[0].test_units == e.baselines[0].rules[0].test_units);
}

TEST_CASE("an evaluation of nothing comes back as well, and one without a head is refused") {
  Evaluation e;
  e.heads.emplace_back();
  CHECK(evaluation_to_json(evaluation_from_json(evaluation_to_json(e), "here")) == evaluation_to_json(e));
  CHECK(complaint_of(evaluation_to_json({})).find("evaluation.json heads: found an empty list") == 0);
}

TEST_CASE("the text is JSON that any reader takes, infinities included") {
  const auto json = nlohmann::json::parse(evaluation_to_json(example()));
  CHECK(json["heads"][0]["cell_roc"]["threshold"][0] == "inf");
  CHECK(json["baselines"][0]["cell_auc"].is_null());
}

TEST_CASE("a damaged evaluation is refused with the place that is wrong") {
  const std::string text = evaluation_to_json(example());
  CHECK(complaint_of(text.substr(0, text.size() / 2)).find("evaluation.json: found text that is not JSON") == 0);
  CHECK(complaint_of("[]").find("expected an object") != std::string::npos);
  CHECK(complaint_of(replaced(text, "\"accuracy\":0.6666", "\"accurate\":0.6666")).find("heads[0] cells: found no \"accuracy\"") !=
        std::string::npos);
  CHECK(complaint_of(replaced(text, "\"n_cells\":2210", "\"n_cells\":\"many\""))
            .find("split units[0] n_cells: found string, expected a whole number") != std::string::npos);
  CHECK(complaint_of(replaced(text, "\"confusion\":[1,0,1,1]", "\"confusion\":[1,0,1]")).find("confusion: found 3 numbers") !=
        std::string::npos);
  CHECK(
      complaint_of(replaced(text, "\"side\":\"train\"", "\"side\":\"exam\"")).find("expected train, validation, test or unused") !=
      std::string::npos);
  CHECK(complaint_of(replaced(text, "\"false_positive_rate\":[0.0,", "\"false_positive_rate\":["))
            .find("three lists of equal length") != std::string::npos);
  CHECK(complaint_of(replaced(text, "\"cellverdict_evaluation\": 8", "\"cellverdict_evaluation\": 4")).find("found version 4") !=
        std::string::npos);
}
