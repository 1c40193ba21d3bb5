// audit_confounding: which columns are looked at, how strong they are, what is warned of.

#include <cellverdict/evaluate/confounding.h>
#include <cellverdict/evaluate/protocol.h>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// `n` units of each class, donors their own, and a text column a name, its value given by unit number (patients from n on).
struct Extra {
  std::string name;
  std::function<std::string(int unit, int cell)> value;
};
std::shared_ptr<const Cohort> cohort_with(int n, const std::vector<Extra>& extras) {
  std::vector<std::string> unit, label, barcode;
  std::vector<Names> columns(extras.size());
  Frame obs;
  CsrBlock block;
  std::vector<double> totals;
  for (int u = 0; u < 2 * n; ++u)
    for (int c = 0; c < 3; ++c) {
      obs.index.push_back("cell" + std::to_string(obs.index.size()));
      unit.push_back("u" + std::to_string(u));
      label.push_back(u < n ? "Control" : "Patient");
      for (std::size_t k = 0; k < extras.size(); ++k) columns[k].push_back(extras[k].value(u, c));
      block.push(0, 1.0F);
      block.end_row();
      totals.push_back(1);
    }
  obs.set("unit", make_text_column(unit));
  obs.set("label", make_text_column(label));
  for (std::size_t k = 0; k < extras.size(); ++k) obs.set(extras[k].name, make_text_column(columns[k]));
  GeneList genes;
  genes.ids.push_back("ENSG0");
  genes.symbols.push_back("GENE0");
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(block)));
  return std::make_shared<const Cohort>(
      make_cohort(std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::move(totals), std::move(shards)),
                  {.label = "label", .unit = "unit", .donor = "", .positive = ""}));
}

}  // namespace

TEST_CASE("a batch that holds one class only cannot be told from the label") {
  const auto cohort = cohort_with(6, {{"batch", [](int u, int) { return u < 6 ? "A" : "B"; }}});
  const auto rows = audit_confounding(*cohort, {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].column == "batch");
  CHECK(rows[0].n_values == 2);
  CHECK(rows[0].n_units == 12);
  CHECK(*rows[0].v > 0.9);
  CHECK(*rows[0].p < 0.01);
  CHECK(rows[0].one_class_values == std::vector<OneClassValue>{{"A", "Control", 6}, {"B", "Patient", 6}});
  CHECK(
      rows[0].warning ==
      "Every value of 'batch' has units of one class only (12 units): the two cannot be told apart in these data. If it says label "
      "in other words, name it in [evaluate] same_as_label.");
  CHECK(may_explain_label(rows[0]));
  const auto named = audit_confounding(*cohort, {"batch"});
  REQUIRE(named.size() == 1);
  CHECK(named[0].nested == "label");
  CHECK(named[0].warning.empty());
  CHECK_FALSE(may_explain_label(named[0]));
}

TEST_CASE("a strong but incomplete association is warned of with its strength, and none is not") {
  const auto cohort = cohort_with(10, {{"site", [](int u, int) { return u < 9 || u == 19 ? "A" : "B"; }},
                                       {"sex", [](int u, int) { return u % 2 == 0 ? "f" : "m"; }}});
  const auto rows = audit_confounding(*cohort, {});
  REQUIRE(rows.size() == 2);
  // [[9, 1], [1, 9]]: phi² = 0.64; corrected (0.64 - 1/19) / (2 - 1/19 - 1), square root.
  CHECK(*rows[0].v == doctest::Approx(std::sqrt((0.64 - 1.0 / 19) / (1 - 1.0 / 19))));
  CHECK(says(rows[0].warning, "'site' goes with label (Cramér's V 0.79, p = 0.00"));
  CHECK(rows[0].one_class_values.empty());
  CHECK(*rows[1].v == 0);
  CHECK(*rows[1].p > 0.5);
  CHECK(rows[1].warning.empty());
}

TEST_CASE("a value with three units of one class is named even where the column as a whole is mixed") {
  const auto cohort = cohort_with(10, {{"plate", [](int u, int) { return u < 3 ? "P3" : u % 2 == 0 ? "P1" : "P2"; }}});
  const auto rows = audit_confounding(*cohort, {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].one_class_values == std::vector<OneClassValue>{{"P3", "Control", 3}});
  CHECK(says(rows[0].warning, "Values of 'plate' with units of one class only: P3 (3 units, all Control)."));
}

TEST_CASE("columns of cells are left out, names of units are listed and not warned of") {
  const auto cohort = cohort_with(8, {{"cell_type", [](int, int c) { return c == 0 ? "T" : "B"; }},
                                      {"barcode_of_tube", [](int u, int) { return "tube" + std::to_string(u); }},
                                      {"constant", [](int, int) { return "10x"; }},
                                      {"nearly_unit", [](int u, int) { return u < 2 ? "x" : "v" + std::to_string(u); }},
                                      {"with_gaps", [](int u, int) { return u % 4 == 0   ? ""
                                                                            : u % 2 == 0 ? "a"
                                                                                         : "b"; }}});
  const auto rows = audit_confounding(*cohort, {});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].column == "barcode_of_tube");
  CHECK(rows[0].nested == "unit");
  CHECK(rows[0].warning.empty());
  CHECK_FALSE(rows[0].v.has_value());
  CHECK(rows[1].column == "with_gaps");
  CHECK(rows[1].n_units == 12);
}

TEST_CASE("the days of the LMNA study are looked at, and a column that names the donor again is only listed") {
  const auto cohort = make_example(lmna_units());
  const auto rows = audit_confounding(*cohort, {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].column == "day");
  CHECK(rows[0].n_values == 7);
  CHECK(rows[0].n_units == 12);
  CHECK(rows[0].one_class_values == std::vector<OneClassValue>{{"2", "Control", 1}, {"4", "Control", 1}, {"30", "Control", 1}});
  CHECK(rows[0].warning.empty());
}

TEST_CASE("two units against two can only be warned of for being told apart, never for a p-value") {
  const auto rows = audit_confounding(*cohort_with(2, {{"batch", [](int u, int) { return u < 2 ? "A" : "B"; }}}), {});
  REQUIRE(rows.size() == 1);
  CHECK(*rows[0].p > 0.2);
  CHECK(says(rows[0].warning, "the two cannot be told apart"));
}

TEST_CASE("an evaluation carries the audit and its warnings") {
  const Split split = split_example(make_example(lmna_units()), lmna_lists());
  const TestView test = split.test();
  EvaluateInput input{.name = "example",
                      .folds = {{.train = split.train(), .decision = {}, .end = test.n_cells(), .held_out = {}}},
                      .split = split.summary()};
  std::vector<double> probability;
  for (std::int64_t i = 0; i < test.n_cells(); ++i) {
    const double p = test.label(i) == 1 ? 0.8 : 0.4;
    probability.insert(probability.end(), {1 - p, p});
  }
  input.heads.push_back({.label = "genotype", .classes = test.classes(), .probability = probability});
  input.confounding = {{.column = "batch", .warning = "Beware of the batch."}, {.column = "sex"}};
  const Evaluation e = evaluate(test, input, {});
  CHECK(e.confounding == input.confounding);
  CHECK(says(e.warnings, "Beware of the batch."));
  CHECK(*e.cell_brier == doctest::Approx((0.04 + 0.16) / 2));
  REQUIRE(e.cell_bins.size() == 2);
  CHECK(e.cell_bins[0].mean_probability == doctest::Approx(0.4));
  CHECK(e.cell_bins[0].n_positive == 0);
  CHECK(e.cell_bins[1].n == 10);
  CHECK(e.cell_bins[1].n_positive == 10);
}
