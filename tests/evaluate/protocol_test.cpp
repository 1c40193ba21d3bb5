#include <cellverdict/evaluate/covariates.h>
#include <cellverdict/evaluate/protocol.h>
#include <cellverdict/evaluate/wording.h>
#include <cellverdict/split/folds.h>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

const SplitOptions kMatched = {.scheme = "matched", .by = "day", .validation = {"0"}, .test = {"19"}};

// Probability of the second class for each cell of a view.
std::vector<double> predicted(const CellView& view, const std::function<double(std::int64_t)>& of_cell) {
  std::vector<double> probability;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    const double p = of_cell(i);
    probability.push_back(1 - p);
    probability.push_back(p);
  }
  return probability;
}

Evaluation evaluate_split(const Split& split, std::vector<double> probability, const Decision& decision = {},
                          const EvaluateOptions& options = {}) {
  const TestView test = split.test();
  EvaluateInput input{.name = "example",
                      .folds = {{.train = split.train(), .decision = decision, .end = test.n_cells(), .held_out = {}}},
                      .split = split.summary()};
  input.heads.push_back({.label = "genotype", .classes = test.classes(), .probability = std::move(probability)});
  return evaluate(test, input, options);
}

// Right about every cell, with a margin that grows along the view.
std::vector<double> right(const CellView& view) {
  return predicted(view, [&](std::int64_t i) { return view.label(i) == 1 ? 0.8 : 0.2; });
}

}  // namespace

TEST_CASE("metrics per cell and per unit are those counted by hand") {
  // Test: units a0 (3 cells) and b0 (2 cells).
  std::vector<ExampleUnit> units = {
      {"a0", "p1", "a", 0, 3}, {"b0", "p2", "b", 0, 2}, {"a1", "p3", "a", 1, 4}, {"b1", "p4", "b", 1, 6}};
  const Split split = split_example(make_example(units), {.scheme = "lists", .test = {"a0", "b0"}});
  const std::vector<double> p = {0.9, 0.2, 0.1, 0.8, 0.3};  // of b, for a a a b b
  const Evaluation e = evaluate_split(split, predicted(split.test(), [&](std::int64_t i) { return p[i]; }));
  REQUIRE(e.heads.size() == 1);
  const Classification& cells = e.heads[0].cells;
  CHECK(cells.n == 5);
  CHECK(cells.confusion == std::vector<std::int64_t>{2, 1, 1, 1});
  CHECK(cells.accuracy == doctest::Approx(0.6));
  CHECK(cells.balanced_accuracy == doctest::Approx((2.0 / 3 + 0.5) / 2));
  CHECK(cells.f1 == doctest::Approx(0.5));
  CHECK(*cells.auc == doctest::Approx(4.0 / 6));  // 0.8 beats two of three, 0.3 two of three
  CHECK(cells.loss == doctest::Approx(-(std::log(0.1) + std::log(0.8) + std::log(0.9) + std::log(0.8) + std::log(0.3)) / 5));
  CHECK(e.combined_loss == doctest::Approx(cells.loss));
  const Classification& by_unit = *e.heads[0].units;
  CHECK(by_unit.n == 2);
  CHECK(*by_unit.auc == 1);
  CHECK(by_unit.accuracy == 1);
  REQUIRE(e.units.size() == 2);
  CHECK(e.units[0].unit == "a0");
  CHECK(e.units[0].donor == "p1");
  CHECK(e.units[0].label == "a");
  CHECK(e.units[0].predicted == "a");
  CHECK(e.units[0].n_cells == 3);
  CHECK(e.units[0].probability[1] == doctest::Approx(0.4));
  CHECK(e.units[0].cell_accuracy == doctest::Approx(2.0 / 3));
  CHECK(e.units[1].probability[1] == doctest::Approx(0.55));
  CHECK(e.units[1].cell_accuracy == doctest::Approx(0.5));
  CHECK(e.majority_accuracy == doctest::Approx(0.4));  // b leads in training
  CHECK(e.positive == "b");
  CHECK(e.heads[0].cell_roc.size() > 2);
  CHECK(e.verdict ==
        "On 5 test cells of 2 held-out units (library), the model scores AUC 0.667 and accuracy 0.600 for b against a; it calls 2 "
        "of 2 "
        "units right.");
}

TEST_CASE("the named positive class is the one of AUC, threshold and F1") {
  ExampleOptions options;
  options.roles.positive = "Control";
  const Split split = split_example(make_example(lmna_units(), options), kMatched);
  const Evaluation e = evaluate_split(split, right(split.test()), {.threshold = 0.9});
  CHECK(e.positive == "Control");
  CHECK(*e.heads[0].cells.auc == 1);
  CHECK(e.heads[0].cells.f1 == 0);          // no cell reaches 0.9 for Control
  CHECK(e.heads[0].cells.accuracy == 0.5);  // all are called Patient
}

TEST_CASE("a rule that knows only the day is inverted on the paper's mixed lists and knows nothing on matched days") {
  const auto cohort = make_example(lmna_units());
  const Split mixed = split_example(cohort, lmna_lists());
  const CovariateBaseline inverted = evaluate_covariate(mixed.train(), mixed.test(), "day");
  CHECK(*inverted.unit_auc == 0);
  CHECK(*inverted.cell_auc == 0);
  CHECK(inverted.unit_balanced_accuracy == 0);
  CHECK(inverted.sentence ==
        "A rule that knows only the day scores AUC 0.00 on the test units: day 16 is Control only in training and Patient in the "
        "test, and "
        "day 19 is Patient only in training and Control in the test. A model that learns the day instead of the label is "
        "confidently wrong "
        "here.");
  CHECK(inverted.rules.size() == 7);

  const Split matched = split_example(cohort, kMatched);
  const CovariateBaseline even = evaluate_covariate(matched.train(), matched.test(), "day");
  CHECK(*even.unit_auc == 0.5);
  CHECK(*even.cell_auc == 0.5);
  CHECK(
      says(even.sentence, "scores AUC 0.50 on the test units: day 19 is new to the model and has Control and Patient in the test"));
  CHECK(says(even.sentence, "The day cannot carry the label here"));
}

TEST_CASE("a covariate that differs between the classes is not said to be harmless because its values are new") {
  auto units = lmna_units();
  for (std::size_t i = 0; i < units.size(); ++i) units[i].day = static_cast<double>(i);  // each library its own batch
  const Split split = split_example(make_example(units), lmna_lists());
  const CovariateBaseline b = evaluate_covariate(split.train(), split.test(), "day");
  CHECK(*b.unit_auc == 0.5);
  CHECK(b.sentence.find("cannot carry the label") == std::string::npos);
  CHECK(
      says(b.sentence, "the rule cannot speak, but the day differs between the classes of the test: the model may still read it."));
}

TEST_CASE("a unit whose cells have several values is still one unit for the rule") {
  std::vector<ExampleUnit> units;
  for (const std::string label : {"a", "b"})
    for (int u = 0; u < 4; ++u)
      for (int day = 0; day < 3; ++day) units.push_back({label + std::to_string(u), label, label, static_cast<double>(day), 4});
  const Split split = split_example(make_example(units), {.scheme = "lists", .test = {"a3", "b3"}});
  const CovariateBaseline b = evaluate_covariate(split.train(), split.test(), "day");
  CHECK(*b.unit_auc == 0.5);
  CHECK(says(b.sentence, "cannot carry the label here"));
  auto skewed = units;  // day 2 is mostly b in training; b3 has more cells of it than a3: over units the rule is right
  skewed[9 + 2].n_cells = 1;
  for (int u = 0; u < 3; ++u) skewed[u * 3 + 2].n_cells = 0;
  const Split tilted = split_example(make_example(skewed), {.scheme = "lists", .test = {"a3", "b3"}});
  CHECK(*evaluate_covariate(tilted.train(), tilted.test(), "day").unit_auc == 1);
}

TEST_CASE("a rule that does well is said to be a rival of the label") {
  auto units = lmna_units();
  for (auto& unit : units) unit.day = unit.label == "Patient" ? 1 : 0;
  const Split split = split_example(make_example(units), lmna_lists());
  const CovariateBaseline b = evaluate_covariate(split.train(), split.test(), "day");
  CHECK(*b.unit_auc == 1);
  CHECK(b.unit_balanced_accuracy == 1);
  CHECK(says(b.sentence, "A good score of the model may be the day and not the label."));
}

TEST_CASE("a rule gives the shares of its value among training units, and the prevalence for a value it never saw") {
  // Day 0 in training: two a, one b. Day 5 is new. Training units: three a, two b.
  std::vector<ExampleUnit> units = {{"t1", "1", "a", 0, 1}, {"t2", "2", "a", 0, 9}, {"t3", "3", "b", 0, 2}, {"t4", "4", "a", 1, 2},
                                    {"t5", "5", "b", 1, 2}, {"x1", "6", "a", 5, 2}, {"x2", "7", "b", 1, 2}, {"x3", "8", "b", 0, 2}};
  const Split split = split_example(make_example(units), {.scheme = "lists", .test = {"x1", "x2", "x3"}});
  const CovariateBaseline b = evaluate_covariate(split.train(), split.test(), "day");
  // P(b): x1 2/5, x2 1/2, x3 1/3.
  CHECK(*b.unit_auc == 0.5);
  CHECK(b.rules[0].value == "0");
  CHECK(b.rules[0].train_units == std::vector<std::int64_t>{2, 1});
  CHECK(b.rules[0].test_units == std::vector<std::int64_t>{0, 1});
  CHECK(b.rules[2].value == "5");
  CHECK(b.rules[2].train_units == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("a covariate measured per cell is refused, and missing values are a value") {
  auto units = lmna_units(200);
  units[0].day = std::numeric_limits<double>::quiet_NaN();
  auto table = make_example_table(units);
  Frame obs = table->obs();
  std::vector<double> depth;
  for (std::int64_t i = 0; i < obs.n_rows(); ++i) depth.push_back(static_cast<double>(i) + 0.5);
  obs.set("depth", make_number_column(depth));
  std::vector<double> totals;
  CsrBlock block;
  for (std::int64_t i = 0; i < table->n_cells(); ++i) {
    table->append_row(i, block);
    totals.push_back(table->total(i));
  }
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(block)));
  const auto with_depth = std::make_shared<const CellTable>(table->genes(), std::move(obs), std::move(totals), std::move(shards));
  const auto cohort = std::make_shared<const Cohort>(make_cohort(with_depth, ExampleOptions{}.roles));
  const Split split = split_example(cohort, lmna_lists());
  CHECK(says(sentence<DataError>([&] { evaluate_covariate(split.train(), split.test(), "depth"); }),
             "[evaluate] covariates: found 'depth' with 2,000 values, expected at most 1,000"));
  CHECK(says(sentence<DataError>([&] { static_cast<void>(split.values("depth", "[[model.head]] label")); }),
             "[[model.head]] label: found 'depth' with 2,400 values"));
  CHECK(evaluate_covariate(split.train(), split.test(), "day").rules.back().value == "(missing)");
}

TEST_CASE("an inverted result is warned of, with the baseline that explains it") {
  const Split split = split_example(make_example(lmna_units()), lmna_lists());
  const TestView test = split.test();
  const EvaluateOptions options{.covariates = {"day"}};
  const Evaluation e =
      evaluate_split(split, predicted(test, [&](std::int64_t i) { return test.label(i) == 1 ? 0.1 : 0.9; }), {}, options);
  CHECK(*e.heads[0].cells.auc == 0);
  REQUIRE(e.baselines.size() == 1);
  CHECK(says(e.warnings,
             "The ROC curve is inverted (AUC 0.000): Control cells of the test score higher for Patient than Patient cells do."));
  CHECK(says(e.warnings, e.baselines[0].sentence));
  CHECK(e.verdict.ends_with("inverted, worse than guessing."));
  const Evaluation fine = evaluate_split(split, right(test), {}, options);
  for (const auto& warning : fine.warnings) CHECK(warning.find("inverted") == std::string::npos);
  const Evaluation flat = evaluate_split(split, predicted(test, [](std::int64_t) { return 0.5; }));
  CHECK(flat.verdict.ends_with("no better than guessing."));
}

TEST_CASE("where a class has one person, the first line says what cannot be told apart") {
  const Split lmna = split_example(make_example(lmna_units()), lmna_lists());
  const Evaluation e = evaluate_split(lmna, right(lmna.test()));
  REQUIRE(e.first_lines.size() == 1);
  CHECK(e.first_lines[0] ==
        "Only one donor is Control (sister) and one donor is Patient (patient): this study cannot separate the genotype from the "
        "person.");

  const Split many = split_example(make_example(many_units({"a", "b"}, 4)), {.scheme = "group"});
  CHECK(evaluate_split(many, right(many.test())).first_lines.empty());

  auto units = many_units({"a", "b"}, 4);
  for (int i = 0; i < 4; ++i) units[i].donor = "one";
  const Split half = split_example(make_example(units), {.scheme = "random-units"});
  CHECK(evaluate_split(half, right(half.test())).first_lines ==
        std::vector<std::string>{"Only one donor is a (one): this study cannot separate the genotype from the person."});
}

TEST_CASE("a name with a comma is one person, a pooled library gives each class its own, and nobody unused counts") {
  auto units = many_units({"a", "b"}, 3);
  for (int i = 0; i < 3; ++i) units[i].donor = "Smith, J";
  const Split comma = split_example(make_example(units), {.scheme = "random-units"});
  CHECK(says(evaluate_split(comma, right(comma.test())).first_lines, "Only one donor is a (Smith, J): this study"));

  const std::vector<ExampleUnit> pooled = {{"pool", "p1", "a", 0, 40}, {"pool", "p2", "b", 0, 40}};
  const Split pool = split_example(make_example(pooled), {.scheme = "random-cells"});
  const Evaluation e = evaluate_split(pool, right(pool.test()));
  CHECK(says(e.first_lines, "Only one donor is a (p1) and one donor is b (p2): this study"));
  CHECK(e.units[0].donor == "p1");
  CHECK(e.units[1].donor == "p2");

  const Split few = split_example(make_example(many_units({"a", "b"}, 3)),
                                  {.scheme = "lists", .train = {"a0", "b0", "b1"}, .test = {"a1", "b2"}});
  CHECK(evaluate_split(few, right(few.test())).first_lines.empty());
  auto same = many_units({"a", "b"}, 3);
  same[1].donor = same[0].donor;  // a2, another person, is on no side
  const Split unused = split_example(make_example(same), {.scheme = "lists", .train = {"a0", "b0", "b1"}, .test = {"a1", "b2"}});
  CHECK(says(evaluate_split(unused, right(unused.test())).first_lines, "Only one donor is a (donor-a0): this study"));
}

TEST_CASE("a unit with cells of both classes is one unit") {
  std::vector<ExampleUnit> paired;
  for (const std::string donor : {"d1", "d2", "d3", "d4"})
    for (const std::string label : {"a", "b"}) paired.push_back({donor, donor, label, 0, 5});
  const Split split = split_example(make_example(paired), {.scheme = "lists", .test = {"d3", "d4"}});
  const Evaluation e = evaluate_split(split, right(split.test()));
  CHECK(e.units.size() == 4);
  CHECK(n_test_units(e) == 2);
  CHECK(says(e.verdict, "On 20 test cells of 2 held-out units (library)"));
  CHECK(says(e.verdict, "it calls 4 of 4 right, each class of a unit on its own"));
  CHECK(units_in_words(e, "library") == "2 libraries, each class of one on its own");
}

TEST_CASE("an inversion is explained by the rule that is most inverted, and by none that is not") {
  const Split split = split_example(make_example(lmna_units()), lmna_lists());
  const TestView test = split.test();
  Evaluation e = evaluate_split(split, predicted(test, [&](std::int64_t i) { return test.label(i) == 1 ? 0.1 : 0.9; }));
  const auto warning_with = [&](const std::vector<double>& aucs) {
    Evaluation worded = e;
    worded.warnings.clear();
    worded.first_lines.clear();
    for (const double auc : aucs)
      worded.baselines.push_back({.covariate = "x", .unit_auc = auc, .sentence = "rule " + std::to_string(auc).substr(0, 4)});
    word_evaluation(test.roles(), {}, worded);
    return worded.warnings.at(0);
  };
  CHECK(says(warning_with({0.3, 0.1, 0.2}), "rule 0.10"));
  CHECK(says(warning_with({0.35, 0.49}), "rule 0.35"));
  CHECK(says(warning_with({0.49, 0.36}), "Look for something that goes with the label one way"));
}

TEST_CASE("people who share a unit are counted one by one") {
  std::vector<ExampleUnit> units = {
      {"pool", "p1", "a", 0, 5}, {"pool", "p2", "a", 0, 5}, {"b0", "p3", "b", 0, 5}, {"b1", "p4", "b", 0, 5}};
  const Split split = split_example(make_example(units), {.scheme = "random-cells"});
  const Evaluation e = evaluate_split(split, right(split.test()));
  REQUIRE(e.first_lines.size() == 1);
  CHECK(says(e.first_lines[0], "Cells of one donor on both sides"));
}

TEST_CASE("a split of random cells is called optimistic in the first line and in the verdict") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 4)), {.scheme = "random-cells"});
  const Evaluation e = evaluate_split(split, right(split.test()));
  CHECK(e.first_lines ==
        std::vector<std::string>{"Cells of one donor on both sides: optimistic. Split by donor before believing any number here."});
  CHECK(says(e.verdict, "units it was also trained on"));
  CHECK(says(e.warnings, "Every donor of the test side is also in training"));
}

TEST_CASE("the notes of the split are among the warnings") {
  const Split split = split_example(make_example(lmna_units()), {.scheme = "matched", .by = "day", .test = {"19"}});
  CHECK(says(evaluate_split(split, right(split.test())).warnings, "There is no validation side"));
}

TEST_CASE("the split's column is a covariate by default, and roles are not") {
  const auto cohort = make_example(lmna_units());
  const Split matched = split_example(cohort, kMatched);
  const Evaluation e = evaluate_split(matched, right(matched.test()));
  REQUIRE(e.baselines.size() == 1);
  CHECK(e.baselines[0].covariate == "day");
  CHECK(e.units[0].stratum == "19");
  const Split lists = split_example(cohort, lmna_lists());  // by = library, the unit
  CHECK(evaluate_split(lists, right(lists.test())).baselines.empty());
  CHECK(says(sentence<UsageError>([&] { evaluate_split(lists, right(lists.test()), {}, {.covariates = {"dya"}}); }),
             "did you mean 'day'?"));
}

TEST_CASE("an extra head is evaluated on the cells that have its value, and weighs in the combined loss") {
  const Split split = split_example(make_example(lmna_units()), lmna_lists());
  const TestView test = split.test();
  EvaluateInput input{.name = "B",
                      .folds = {{.train = split.train(), .decision = {}, .end = test.n_cells(), .held_out = {}}},
                      .split = split.summary()};
  input.heads.push_back({.label = "genotype", .classes = test.classes(), .probability = right(test)});
  PredictedHead day{.label = "day", .classes = {"16", "19", "0"}, .weight = 0.3};
  for (std::int64_t i = 0; i < test.n_cells(); ++i) day.probability.insert(day.probability.end(), {0.7, 0.2, 0.1});
  input.heads.push_back(day);
  const Evaluation e = evaluate(test, input, {});
  REQUIRE(e.heads.size() == 2);
  CHECK(e.heads[1].cells.accuracy == 0.5);
  CHECK_FALSE(e.heads[1].units.has_value());
  CHECK(e.combined_loss == doctest::Approx(-std::log(0.8) + 0.3 * -(std::log(0.7) + std::log(0.2)) / 2));
  REQUIRE(e.baselines.size() == 1);  // the head's column
  CHECK(e.baselines[0].covariate == "day");

  input.heads[1].classes = {"x", "y", "z"};  // no test cell has any of them
  const Evaluation without = evaluate(test, input, {});
  CHECK(without.heads.size() == 1);
  CHECK(says(without.warnings, "No test cell has a value of 'day': its head is not evaluated."));
}

TEST_CASE("more than two classes: the most probable is called, and each class counts in the AUC") {
  const Split split = split_example(make_example(many_units({"a", "b", "c"}, 3, 2)), {.scheme = "group"});
  const TestView test = split.test();
  std::vector<double> probability;
  for (std::int64_t i = 0; i < test.n_cells(); ++i)
    for (int c = 0; c < 3; ++c) probability.push_back(test.label(i) == c ? 0.5 : 0.25);
  const Evaluation e = evaluate_split(split, probability, {.threshold = 0.99});
  CHECK(e.heads[0].cells.accuracy == 1);
  CHECK(*e.heads[0].cells.auc == 1);
  CHECK(e.positive.empty());
  CHECK(e.heads[0].cell_roc.empty());
  CHECK(says(e.verdict, "for the classes of genotype; it calls 3 of 3 units right"));
}

TEST_CASE("the threshold chosen on validation units separates them, and is used on the test") {
  const Split split = split_example(make_example(lmna_units()), kMatched);
  const ValidationView validation = *split.validation();
  const auto shifted = [](const CellView& view) {
    return predicted(view, [&](std::int64_t i) { return view.label(i) == 1 ? 0.35 : 0.15; });
  };
  const double threshold = choose_threshold(validation, shifted(validation));
  CHECK(threshold == doctest::Approx(0.25));
  CHECK(evaluate_split(split, shifted(split.test())).heads[0].cells.accuracy == 0.5);
  const Evaluation e =
      evaluate_split(split, shifted(split.test()), {.threshold = threshold, .threshold_source = "chosen on validation"});
  CHECK(e.heads[0].cells.accuracy == 1);
  CHECK(e.heads[0].units->accuracy == 1);
  CHECK(e.threshold == threshold);
  CHECK(e.threshold_source == "chosen on validation");
}

TEST_CASE("the threshold weighs units, not cells") {
  // One unit of a with a great many cells at 0.6, three of b at 0.7, 0.5, 0.55, one of a at 0.3.
  std::vector<ExampleUnit> units = {{"v1", "1", "a", 0, 90}, {"v2", "2", "a", 0, 1}, {"v3", "3", "b", 0, 2},
                                    {"v4", "4", "b", 0, 2},  {"v5", "5", "b", 0, 2}, {"t1", "6", "a", 1, 3},
                                    {"t2", "7", "b", 1, 3},  {"x1", "8", "a", 2, 3}, {"x2", "9", "b", 2, 3}};
  const Split split = split_example(make_example(units), {.scheme = "matched", .by = "day", .validation = {"0"}, .test = {"2"}});
  const ValidationView validation = *split.validation();
  const std::map<std::string, double> score = {{"v1", 0.6}, {"v2", 0.3}, {"v3", 0.7}, {"v4", 0.5}, {"v5", 0.55}};
  const double threshold =
      choose_threshold(validation, predicted(validation, [&](std::int64_t i) { return score.at(validation.unit(i)); }));
  CHECK(threshold == doctest::Approx(0.4));  // cells would choose 0.65
}

TEST_CASE("a threshold for more than two classes is refused") {
  const Split split = split_example(make_example(many_units({"a", "b", "c"}, 3)), {.scheme = "group"});
  CHECK(says(sentence<UsageError>([&] { choose_threshold(*split.validation(), std::vector<double>(90, 1.0 / 3)); }),
             "[evaluate] threshold: found 'validation' for 3 classes"));
}

TEST_CASE("the temperature fitted on validation lowers its loss, and is applied to the test's label") {
  const Split split = split_example(make_example(lmna_units()), kMatched);
  const ValidationView validation = *split.validation();
  // Far too sure: 0.99 either way, right three times of four.
  const auto sure = [](const CellView& view) {
    return predicted(view, [&](std::int64_t i) { return (view.label(i) == 1) == (i % 4 != 0) ? 0.99 : 0.01; });
  };
  const double temperature = calibrate_temperature(validation, sure(validation));
  CHECK(temperature > 2);
  const Evaluation raw = evaluate_split(split, sure(split.test()));
  const Evaluation cool =
      evaluate_split(split, sure(split.test()), {.temperature = temperature, .temperature_source = "validation"});
  CHECK(cool.heads[0].cells.loss < raw.heads[0].cells.loss);
  CHECK(cool.heads[0].cells.auc == raw.heads[0].cells.auc);
  CHECK(cool.heads[0].cells.accuracy == raw.heads[0].cells.accuracy);
  CHECK(cool.temperature == temperature);
  CHECK(cool.units[0].probability != raw.units[0].probability);
  // What it was before is kept, for the figure that shows both.
  CHECK(cool.units[0].uncalibrated == raw.units[0].probability);
  CHECK(cool.uncalibrated_cell_brier == raw.cell_brier);
  CHECK(raw.units[0].uncalibrated.empty());
  CHECK_FALSE(raw.uncalibrated_cell_brier.has_value());
}

TEST_CASE("what was asked for on validation is settled there or refused, and its source says so") {
  const auto none = [] { return std::vector<double>(); };
  const std::vector<std::string> two = {"Control", "Patient"};
  const Decision half = settle_decision({.temperature = true}, std::nullopt, two, none);
  CHECK(half.threshold_source == "fixed");
  CHECK(half.temperature_source == "fixed, because there is no validation side");
  CHECK(says(sentence<UsageError>([&] { settle_decision({.threshold = true}, std::nullopt, {"a", "b", "c"}, none); }),
             "found 'validation' for 3 classes"));

  const auto of_few = split_example(make_example(lmna_units()), kMatched).validation();
  CHECK(settle_decision({.threshold = true}, of_few, two, none).threshold_source ==
        "fixed, because validation has 1 unit of Control, fewer than 5");

  const Split split = split_example(make_example(many_units(two, 25, 4)), {.scheme = "group"});
  const auto validation = split.validation();
  const auto temperature_of = [&](double p_right) {
    return settle_decision({.temperature = true}, validation, two, [&] {
      return predicted(*validation, [&](std::int64_t i) { return validation->label(i) == 1 ? p_right : 1 - p_right; });
    });
  };
  CHECK(says(temperature_of(0.8).temperature_source, "at the least that is tried"));
  CHECK(says(temperature_of(0.1).temperature_source, "at the greatest that is tried"));
  const Decision both = settle_decision({.threshold = true, .temperature = true}, validation, two, [&] {
    return predicted(*validation, [&](std::int64_t i) { return (validation->label(i) == 1) == (i % 4 != 0) ? 0.7 : 0.3; });
  });
  CHECK(both.threshold_source == "chosen on validation units");
  CHECK(both.temperature_source == "fitted on validation cells, every unit weighing the same");
  CHECK(both.temperature == doctest::Approx(std::log(7.0 / 3) / std::log(3.0)));  // three of four are right: 0.75
}

TEST_CASE("over many units the AUC has an interval, and the answer says whether it lies above one half") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 12, 4)), {.scheme = "group", .test_fraction = 0.5});
  const Evaluation good = evaluate_split(split, right(split.test()));
  REQUIRE(good.metrics.size() == 7);
  CHECK(good.metrics[4].metric == kWeightedF1);
  CHECK(good.metrics[4].estimate == 1.0);
  CHECK(good.metrics[0].metric == "auc");
  CHECK(good.metrics[0].estimate == 1.0);
  REQUIRE(good.metrics[0].interval.has_value());
  CHECK(good.metrics[0].interval->low > 0.5);
  CHECK(good.metrics[0].interval->low < 0.8);  // six units a class never show more
  CHECK(good.shown);
  CHECK(says(good.answer, "Shown that genotype can be read in new libraries: over 12 units the AUC is 1.000"));
  const Evaluation none =
      evaluate_split(split, predicted(split.test(), [&](std::int64_t i) { return 0.3 + 0.05 * static_cast<double>(i % 7); }));
  CHECK_FALSE(none.shown);
  CHECK(says(none.answer, "which includes 0.5"));
}

TEST_CASE("of two units a class nothing can be said, and no number pretends it can") {
  const Split split = split_example(make_example(lmna_units()), lmna_lists());
  const Evaluation e = evaluate_split(split, right(split.test()));
  CHECK_FALSE(e.metrics[0].interval.has_value());
  CHECK(says(e.answer, "Cannot say that genotype can be read"));
  for (const auto& metric : e.metrics)
    if (!metric.over_units) CHECK_FALSE(metric.interval.has_value());  // cells are no evidence of their own
}

TEST_CASE("a rival that says the same is no worse, and one that guesses is beaten") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 24, 4)), {.scheme = "group", .test_fraction = 0.5});
  const TestView test = split.test();
  const auto noisy = [&](double shift) {
    return predicted(test, [&, shift](std::int64_t i) { return 0.4 + shift * test.label(i) + 0.05 * (test.unit_number(i) % 7); });
  };
  EvaluateInput input{.name = "n",
                      .folds = {{.train = split.train(), .decision = {}, .end = test.n_cells(), .held_out = {}}},
                      .split = split.summary()};
  input.heads.push_back({.label = "genotype", .classes = test.classes(), .probability = noisy(0.2)});
  input.rivals = {{"same", "the same", noisy(0.2)}, {"guess", "no signal", noisy(0)}};
  const Evaluation e = evaluate(test, input, {});
  REQUIRE(e.rivals.size() == 2);
  CHECK(says(e.rivals[0].sentence, "No better than same"));
  CHECK(says(e.rivals[1].sentence, "Better than guess"));
  CHECK(says(e.answer, "not shown to be better than the simple model same"));
}

TEST_CASE("folds are scored each by itself: models on different scales lose nothing, and no pooled AUC is given for single units") {
  const auto cohort = make_example(many_units({"a", "b"}, 8, 3));
  for (const char* scheme : {"stratified-group", "leave-one-out"}) {
    const auto folds = make_folds({}, cohort, {.validation_fraction = 0}, {.scheme = scheme, .folds = 4});
    const FoldedTest test = join_tests(folds);
    const SplitSummary summary = summary_of_folds(folds);
    EvaluateInput input{.name = "cv", .folds = {}, .split = summary};
    std::vector<double> probability;
    for (std::size_t f = 0; f < folds.size(); ++f) {
      input.folds.push_back({.train = folds[f].train(), .decision = {}, .end = test.ends[f], .held_out = {}});
      const TestView part = folds[f].test();
      // Right within the fold, and shifted from fold to fold so that scores of different folds must not be mixed.
      const auto p = predicted(part, [&](std::int64_t i) {
        return 0.02 + 0.1 * part.label(i) + 0.8 * static_cast<double>(f) / static_cast<double>(folds.size());
      });
      probability.insert(probability.end(), p.begin(), p.end());
    }
    input.heads.push_back({.label = "genotype", .classes = test.cells.classes(), .probability = probability});
    input.rivals = {{"same", "as good", probability},
                    {"covariates", "knows nothing", predicted(test.cells, [](std::int64_t) { return 0.5; })}};
    const Evaluation e = evaluate(test.cells, input, {});
    if (std::string(scheme) == "stratified-group") {
      CHECK(says(e.rivals[0].sentence, "No better than same"));  // both separate all units: the difference has no variance
      CHECK(says(e.rivals[1].sentence, "Better than covariates (AUC difference +0.500, 95 % interval +0.1"));
      CHECK(e.shown);
    }
    CHECK(e.folds.size() == folds.size());
    CHECK(e.units.size() == 16);
    if (std::string(scheme) == "stratified-group") {
      CHECK(e.heads[0].units->auc == 1.0);
      CHECK(e.heads[0].cells.auc == 1.0);
    } else {
      CHECK_FALSE(e.heads[0].units->auc.has_value());
      CHECK_FALSE(e.metrics[0].interval.has_value());
    }
  }
}

TEST_CASE("drawings of cells are scored each by itself, at the fold's own temperature, and are no interval") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 12, 4)), {.scheme = "group", .test_fraction = 0.5});
  const TestView test = split.test();
  UnitDraws draws{.unit = {}, .probability = {{}, {}}};
  for (const auto& unit : unit_means(test, right(test))) {
    draws.unit.push_back(unit.unit);
    const double p = unit.label == 1 ? 0.9 : 0.1;
    draws.probability[0].insert(draws.probability[0].end(), {1 - p, p});
    draws.probability[1].insert(draws.probability[1].end(), {p, 1 - p});  // all wrong
  }
  const SplitSummary& summary = split.summary();
  EvaluateInput input{.name = "bags", .folds = {}, .split = summary};
  input.samplings = {.n_drawings = 2, .cells = 3, .n_more = 12, .metrics = {}};
  input.folds.push_back({.train = split.train(), .decision = {}, .end = test.n_cells(), .held_out = {}, .draws = draws});
  input.folds.front().decision.temperature = 2;
  input.heads.push_back({.label = "genotype", .classes = test.classes(), .probability = right(test)});
  const Evaluation e = evaluate(test, input, {});
  REQUIRE(e.samplings.metrics.size() == 6);
  CHECK(e.samplings.metrics[0].values == std::vector<double>{1, 0});  // auc
  CHECK(e.samplings.metrics[3].metric == kWeightedF1);
  CHECK(e.samplings.metrics[3].values == std::vector<double>{1, 0});
  const SampledSpread spread = sampled_spread(e.samplings.metrics[3].values);
  CHECK(spread.mean == 0.5);
  CHECK(spread.sd == doctest::Approx(std::sqrt(0.5)));
  CHECK(e.samplings.metrics[5].values[0] == doctest::Approx(std::log1p(1.0 / 3)));  // odds of 9 to the power of a half
  CHECK(e.heads[0].units->accuracy == 1.0);                                         // the answer is that of the mean, given apart
}

TEST_CASE("an AUC below chance is not said to include 0.5, and a share of fewer than four units has no interval") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 20, 3)), {.scheme = "group", .test_fraction = 0.4});
  const TestView test = split.test();
  const Evaluation e = evaluate_split(split, predicted(test, [&](std::int64_t i) { return test.label(i) == 1 ? 0.2 : 0.8; }));
  CHECK_FALSE(e.shown);
  CHECK(e.answer.ends_with(": worse than guessing."));
  CHECK(e.answer.find("includes 0.5") == std::string::npos);

  const Split small = split_example(make_example(many_units({"a", "b"}, 5)),
                                    {.scheme = "lists", .test = {"a0", "a1", "a2", "b0", "b1", "b2", "b3"}});
  const Evaluation few = evaluate_split(small, right(small.test()));
  for (const auto& m : few.metrics) {
    if (!m.over_units) continue;
    if (m.metric == "sensitivity") CHECK(m.interval.has_value());  // four of b
    if (m.metric != "specificity") continue;
    CHECK(*m.estimate == 1);
    CHECK_FALSE(m.interval.has_value());
    CHECK(m.why_not == "3 units of a, fewer than 4");
  }
}

TEST_CASE("units that are told apart by cells that hardly are get no sentence that says both") {
  const Split split = split_example(make_example(many_units({"a", "b"}, 20, 50)), {.scheme = "group", .test_fraction = 0.4});
  const TestView test = split.test();
  std::uint64_t state = 1;
  const Evaluation e = evaluate_split(split, predicted(test, [&](std::int64_t i) {
                                        state = state * 6364136223846793005U + 1442695040888963407U;
                                        const double noise = static_cast<double>(state >> 11U) / 9007199254740992.0;
                                        return 0.2 + 0.5 * noise + (test.label(i) == 1 ? 0.04 : 0.0);
                                      }));
  REQUIRE(*e.heads[0].cells.auc < 0.6);
  REQUIRE(e.shown);
  CHECK(e.verdict.find("no better than guessing") == std::string::npos);
  CHECK(says(e.verdict, "their means over a unit are"));
}

TEST_CASE("a column that goes with the label is a covariate whoever is named, one that says it again is not") {
  const auto cohort = make_example(lmna_units());
  const Split split = split_example(cohort, lmna_lists());
  const std::vector<ConfoundingRow> rows = {
      {.column = "batch", .n_values = 2, .n_units = 12, .v = 1.0, .p = 0.001},
      {.column = "code", .n_values = 2, .n_units = 12, .v = 1.0, .p = 0.001, .nested = "label"},
      {.column = "sex", .n_values = 2, .n_units = 12, .v = 0.1, .p = 0.7}};
  const CovariateSources from{split.summary(), {"day"}, cohort->roles, rows};
  CHECK(covariates_of(from, {}) == std::vector<std::string>{"day", "batch"});
  CHECK(covariates_of(from, {.covariates = {"sex"}}) == std::vector<std::string>{"sex", "batch"});
}

TEST_CASE("subgroups count units by hand, cut numbers at the median, and say why a column makes no groups") {
  // Test: four units a class; calls wrong of one unit of class b.
  const Split split = split_example(make_example(many_units({"a", "b"}, 20, 3)), {.scheme = "group", .test_fraction = 0.4});
  const TestView test = split.test();
  std::map<std::string, bool> wrong;
  for (std::int64_t i = 0; i < test.n_cells(); ++i)
    if (test.label(i) == 1 && wrong.empty()) wrong[test.unit(i)] = true;
  const auto said =
      predicted(test, [&](std::int64_t i) { return (test.label(i) == 1) != wrong.contains(test.unit(i)) ? 0.8 : 0.2; });
  const Evaluation e = evaluate_split(split, said, {}, {.subgroups = {"day", "genotype", "library"}});
  REQUIRE(e.subgroups.size() == 3);
  const auto& day = e.subgroups[0];  // twenty values, so two halves
  REQUIRE(day.groups.size() == 2);
  CHECK(says(day.groups[0].value + day.groups[1].value, "(median)"));
  CHECK(day.groups[0].n_units + day.groups[1].n_units == std::ssize(e.units));
  CHECK(day.groups[0].n_cells == 3 * day.groups[0].n_units);
  const auto& genotype = e.subgroups[1];
  REQUIRE(genotype.groups.size() == 2);
  const auto& b = genotype.groups[1];
  CHECK(b.value == "b");
  REQUIRE(b.metrics.size() == 3);
  const auto n = b.n_units;
  CHECK(*b.metrics[0].estimate == doctest::Approx(static_cast<double>(n - 1) / static_cast<double>(n)));
  CHECK(b.metrics[1].metric == "sensitivity");
  CHECK(b.metrics[1].interval->low == doctest::Approx(proportion_interval(n - 1, n).interval->low));
  CHECK_FALSE(b.metrics[2].estimate.has_value());  // no unit of the other class here
  CHECK(*genotype.groups[0].metrics[2].estimate == 1);
  CHECK(says(e.subgroups[2].why_not, "every test unit has a value of its own"));
  CHECK_THROWS_AS(evaluate_split(split, said, {}, {.subgroups = {"sxe"}}), UsageError);
}

TEST_CASE("without a wish the covariates are the subgroups, and cells seen in training give no interval") {
  const Split split = split_example(make_example(lmna_units()), {.scheme = "matched", .by = "day", .test = {"9", "19"}});
  const Evaluation e = evaluate_split(split, right(split.test()));
  REQUIRE(e.subgroups.size() == 1);
  CHECK(e.subgroups[0].column == "day");
  REQUIRE(e.subgroups[0].groups.size() == 2);
  CHECK(e.subgroups[0].groups[0].metrics[0].interval.has_value());
  const Split seen = split_example(make_example(lmna_units()), {.scheme = "random-cells"});
  const Evaluation optimistic = evaluate_split(seen, right(seen.test()), {}, {.subgroups = {"day"}});
  REQUIRE(optimistic.subgroups[0].groups.size() > 2);
  CHECK_FALSE(optimistic.subgroups[0].groups[0].metrics[0].interval.has_value());
}
