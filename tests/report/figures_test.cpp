// What the specs of the figures hold.

#include <cellverdict/report/figures.h>
#include <doctest/doctest.h>
#include <report/example_evaluation.h>

#include <nlohmann/json.hpp>

using namespace cellverdict;
using Json = nlohmann::json;

namespace {

Json spec_of(const std::vector<Figure>& figures, const std::string& name) {
  for (const auto& figure : figures)
    if (figure.name == name) return Json::parse(figure.spec);
  FAIL("no figure " << name);
  return {};
}

// Every object of a spec's data that has this member.
std::vector<Json> data_with(const Json& spec, const std::string& member) {
  std::vector<Json> out;
  for (const auto& datum : spec["data"]["values"])
    if (datum.contains(member)) out.push_back(datum);
  return out;
}

}  // namespace

TEST_CASE("a long ROC curve is drawn through its own points, both ends among them, and nowhere far from it") {
  const auto variant = example::report().variants[0];
  const auto& roc = variant.evaluation.heads[0].cell_roc;
  REQUIRE(roc.size() > 2 * kRocPoints);
  const auto thin = thin_roc(roc);
  CHECK(thin.size() <= kRocPoints);
  CHECK(thin.size() > kRocPoints * 9 / 10);
  const auto same = [](const RocPoint& a, const RocPoint& b) {
    return a.false_positive_rate == b.false_positive_rate && a.true_positive_rate == b.true_positive_rate &&
           a.threshold == b.threshold;
  };
  CHECK(same(thin.front(), roc.front()));
  CHECK(same(thin.back(), roc.back()));
  std::size_t at = 0;
  for (const auto& point : thin) {
    while (at < roc.size() && !same(point, roc[at])) ++at;
    CHECK(at < roc.size());
  }
  // The area is that of the whole curve, nearly: no corner was cut.
  CHECK(example::auc_of(thin) == doctest::Approx(example::auc_of(roc)).epsilon(0.002));
}

TEST_CASE("a short ROC curve is left as it is") {
  const std::vector<RocPoint> roc = {{0, 0, 1}, {0, 1, 0.5}, {1, 1, 0.1}};
  CHECK(thin_roc(roc).size() == 3);
  CHECK(thin_roc({}).empty());
}

TEST_CASE("the ROC figure says how many cells and units it rests on, and marks the threshold in use") {
  const auto variant = example::report().variants[2];
  const auto figures = test_figures(variant, "library");
  const Json roc = spec_of(figures, "roc");
  CHECK(roc["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json");
  CHECK(roc["title"]["subtitle"][0].get<std::string>().find("3,287 cells of 2 libraries") != std::string::npos);
  CHECK(roc.dump().find("3,287 cells, AUC 0.8") != std::string::npos);
  const auto& c = variant.evaluation.heads[0].cells.confusion;
  const Json point = roc["layer"][2]["data"]["values"][0];
  CHECK(point["tpr"].get<double>() == doctest::Approx(static_cast<double>(c[3]) / static_cast<double>(c[2] + c[3])).epsilon(1e-5));
  CHECK(point["fpr"].get<double>() == doctest::Approx(static_cast<double>(c[1]) / static_cast<double>(c[0] + c[1])).epsilon(1e-5));
  CHECK(figures[0].note.find("Drawn through 500 of the curve's 3,288 points") == 0);
}

TEST_CASE("the confusion matrix holds counts and shares of the row") {
  const auto variant = example::report().variants[1];
  const auto figures = test_figures(variant, "library");
  const auto squares = data_with(spec_of(figures, "confusion"), "n");
  REQUIRE(squares.size() == 4);
  std::int64_t n = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(squares[i]["n"] == variant.evaluation.heads[0].cells.confusion[i]);
    n += squares[i]["n"].get<std::int64_t>();
  }
  CHECK(n == 4130);
  CHECK(squares[0]["share"].get<double>() + squares[1]["share"].get<double>() == doctest::Approx(1));
  const Json day = spec_of(figures, "confusion_day");
  CHECK(data_with(day, "n").size() == 7);  // one day on the test side
  CHECK(day["title"]["subtitle"][0].get<std::string>().find("6 classes without test cells left out") != std::string::npos);
}

TEST_CASE("learning curves show both sides and the best epoch; without a validation side the training side alone") {
  auto variant = example::report().variants[0];
  auto figures = curve_figures(variant);
  CHECK(figures.size() == 3);
  CHECK(data_with(spec_of(figures, "loss_curve"), "loss").size() == 30);
  CHECK(spec_of(figures, "loss_curve").dump().find("best epoch 7") != std::string::npos);
  for (auto& epoch : variant.curve.epochs) epoch.validation.reset(), epoch.train.auc.reset();
  figures = curve_figures(variant);
  CHECK(figures.size() == 2);
  CHECK(data_with(spec_of(figures, "accuracy_curve"), "accuracy").size() == 15);
  variant.curve.epochs.clear();
  CHECK(curve_figures(variant).empty());
}

TEST_CASE("AUC bars put the model beside the rule that knows only the day") {
  const auto input = example::report();
  const Json bars = spec_of(overview_figures(input), "auc_by_variant");
  const auto models = data_with(bars, "what");
  REQUIRE(models.size() == 4);
  CHECK(models[0]["what"] == "the model, the wrong way round");
  CHECK(models[2]["what"] == "the model");
  const Json rules = bars["layer"][3]["data"]["values"];
  REQUIRE(rules.size() == 4);
  CHECK(rules[0]["auc"] == 0.0);
  CHECK(rules[3]["auc"] == 0.5);
}

TEST_CASE("a bar is called the wrong way round from the same AUC on as in the text") {
  auto input = example::report();
  input.variants[0].evaluation.heads[0].cells.auc = kInvertedBelow + 0.01;
  input.variants[1].evaluation.heads[0].cells.auc = kInvertedBelow - 0.01;
  const auto models = data_with(spec_of(overview_figures(input), "auc_by_variant"), "what");
  CHECK(models[0]["what"] == "the model");
  CHECK(models[1]["what"] == "the model, the wrong way round");
}

TEST_CASE("a cohort flow that variants share is drawn once") {
  auto input = example::report();
  const auto flows = [&] {
    return std::ranges::count_if(overview_figures(input), [](const Figure& f) { return f.name.starts_with("cohort_flow"); });
  };
  CHECK(flows() == 1);
  input.variants[3].flow.stages[2].n_cells[0] -= 1;
  CHECK(flows() == 2);
  for (auto& variant : input.variants) variant.flow = {};
  CHECK(flows() == 0);
}

TEST_CASE("quality figures hold a box a unit and stage, and none for a stage that left no cell") {
  auto quality = example::quality_of({"A", "B", "C"});
  quality.after.total[1].n = 0;
  const auto figures = quality_figures(quality, {.unit_noun = "library"});
  REQUIRE(figures.size() == 1);
  const Json spec = spec_of(figures, "quality_by_unit");
  CHECK(spec["hconcat"].size() == 3);
  const auto rows = data_with(spec, "stage");
  REQUIRE(rows.size() == 5);
  CHECK(rows[0]["unit"] == "A");
  CHECK(rows[0]["stage"] == "before quality control");
  CHECK(rows[0]["cells"] == 400);
  CHECK(rows[0]["genes_p50"].get<double>() == doctest::Approx(quality.before.n_genes[0].p50).epsilon(1e-4));
  CHECK(rows[1]["mito_p95"].get<double>() == doctest::Approx(quality.after.mito_percent[0].p95).epsilon(1e-4));
  CHECK(rows[3]["unit"] == "C");
  CHECK(quality_figures({}, {.unit_noun = "library"}).empty());
}

TEST_CASE("a cell without counts has a place on the logarithmic axis") {
  QualitySummary quality{.units = {"A"}};
  for (auto* stage : {&quality.before, &quality.after}) {
    stage->total = {make_quality_box({0, 0, 5})};
    stage->n_genes = stage->mito_percent = {make_quality_box({0, 0, 0})};
  }
  CHECK(data_with(spec_of(quality_figures(quality, {.unit_noun = "unit"}), "quality_by_unit"), "stage")[0]["total_p5"] == 1.0);
}

TEST_CASE("many units go on several figures, and beyond five it is said how many are left out") {
  const auto named = [](int n) {
    std::vector<std::string> units;
    for (int i = 0; i < n; ++i) units.push_back("donor" + std::to_string(i));
    return units;
  };
  CHECK(quality_figures(example::quality_of(named(60)), {.unit_noun = "donor"}).size() == 1);
  const auto two = quality_figures(example::quality_of(named(61)), {.unit_noun = "donor"});
  REQUIRE(two.size() == 2);
  CHECK(data_with(spec_of(two, "quality_by_unit_2"), "stage").size() == 2);
  CHECK(two[1].spec.find("donors 61 to 61 of 61") != std::string::npos);
  CHECK(two[1].note.empty());
  const auto many = quality_figures(example::quality_of(named(301)), {.unit_noun = "donor"});
  REQUIRE(many.size() == 5);
  CHECK(many[0].note == "The first 300 of 301 donors are drawn.");
}

TEST_CASE("a quality summary that variants share is drawn once") {
  auto input = example::report();
  const auto drawn = [&] {
    return std::ranges::count_if(overview_figures(input), [](const Figure& f) { return f.name.starts_with("quality_by_unit"); });
  };
  CHECK(drawn() == 1);
  input.variants[3].quality.after.total[0].p50 -= 1;
  CHECK(drawn() == 2);
  for (auto& variant : input.variants) variant.quality = {};
  CHECK(drawn() == 0);
}

TEST_CASE("figures that need two classes are left out when there are more") {
  auto input = example::report();
  for (auto& variant : input.variants) variant.evaluation.heads[0].cell_roc.clear(), variant.evaluation.heads[0].cells.auc.reset();
  for (const auto& figure : overview_figures(input))
    CHECK((figure.name.starts_with("cohort_flow") || figure.name.starts_with("quality_by_unit")));
  for (const auto& figure : test_figures(input.variants[0], "library")) CHECK(figure.name != "roc");
}

TEST_CASE("text that is not UTF-8 becomes a visible mark and not an error") {
  auto variant = example::report().variants[0];
  variant.evaluation.name = "caf\xe9";
  CHECK(test_figures(variant, "library")[0].spec.find("caf\xef\xbf\xbd") != std::string::npos);
}
