// What the report says of a sweep: every candidate by its validation score, the chosen one marked, nothing of the test side.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/figures.h>
#include <doctest/doctest.h>
#include <report/example_evaluation.h>
#include <report/folder.h>

#include <nlohmann/json.hpp>

using namespace cellverdict;

namespace {

SweepResult one_at_a_time() {
  SweepResult sweep{
      .monitor = "validation.auc", .mode = "one-at-a-time", .keys = {"model.depth", "train.optimizer"}, .own = {"1", "adam"}};
  sweep.candidates = {{"model.depth 1", {"1", "adam"}, {0.91}, {5}, {13}, 0},
                      {"model.depth 2", {"2", "adam"}, {0.93}, {4}, {12}, 1},
                      {"train.optimizer sgd", {"1", "sgd"}, {0.88}, {9}, {17}, 0}};
  return sweep;
}

nlohmann::json values_of(const Figure& figure) {
  return nlohmann::json::parse(figure.spec)["data"]["values"];
}

}  // namespace

TEST_CASE("the page ranks the candidates by their validation score and marks the chosen one") {
  const TemporaryFolder folder("sweep");
  auto input = example::report();
  input.variants[2].sweep = one_at_a_time();
  const auto result = write_report({}, input, folder.path, {.pictures = false});
  const std::string page = read_file(result.html);
  const auto at = page.find("The sweep: 3 settings, ranked by validation.auc");
  REQUIRE(at != std::string::npos);
  CHECK(at > page.find("<h2 id=\"variant-3\""));
  CHECK(at < page.find("<h2 id=\"variant-4\""));
  const std::string table = page.substr(at, page.find("</table>", at) - at);
  CHECK(table.find("0.9300") < table.find("0.9100"));
  CHECK(table.find("0.9100") < table.find("0.8800"));
  const auto chosen = table.find("● chosen");
  CHECK(chosen > table.find("0.9300"));
  CHECK(chosen < table.find("0.9100"));
  CHECK(std::filesystem::exists(folder.path / "figures" / "day-matched-t19-v0-model-a" / "sweep_train-optimizer.vl.json"));
}

TEST_CASE("a smaller loss ranks higher") {
  const TemporaryFolder folder("sweep_loss");
  auto input = example::report();
  input.variants[0].sweep = one_at_a_time();
  input.variants[0].sweep.monitor = "validation.loss";
  const std::string page = read_file(write_report({}, input, folder.path, {.pictures = false}).html);
  const std::string table = page.substr(page.find("The sweep: 3 settings"));
  CHECK(table.find("0.8800") < table.find("0.9100"));
}

TEST_CASE("one at a time, a key's figure holds only the candidates that have the file's value of every other key") {
  auto variant = example::report().variants[0];
  variant.sweep = one_at_a_time();
  const auto figures = sweep_figures(variant);
  REQUIRE(figures.size() == 2);
  CHECK(figures[0].name == "sweep_model-depth");
  auto values = values_of(figures[0]);
  REQUIRE(values.size() == 2);
  CHECK(values[0]["value"] == "1");
  CHECK(values[1]["what"] == "chosen");
  values = values_of(figures[1]);
  REQUIRE(values.size() == 2);
  CHECK(values[1]["value"] == "sgd");
  CHECK(values[1]["what"] == "tried");
  variant.sweep.mode = "grid";
  CHECK(values_of(sweep_figures(variant)[0]).size() == 3);
}

TEST_CASE("values that are numbers stand by their size, whatever the order of the file") {
  auto variant = example::report().variants[0];
  variant.sweep = {.monitor = "validation.auc", .mode = "grid", .keys = {"model.head.day.weight"}, .own = {"0.3"}};
  for (const char* value : {"10", "0.3", "2"}) variant.sweep.candidates.push_back({value, {value}, {0.9}, {1}, {1}, 0});
  const auto spec = nlohmann::json::parse(sweep_figures(variant)[0].spec);
  CHECK(spec["layer"][0]["encoding"]["x"]["sort"] == nlohmann::json({"0.3", "2", "10"}));
}

TEST_CASE("over folds the score is the mean, and the table says in how many folds each was chosen") {
  const TemporaryFolder folder("sweep_folds");
  auto input = example::report();
  auto& sweep = input.variants[0].sweep = one_at_a_time();
  for (auto& c : sweep.candidates) c.scores.push_back(c.scores[0] - 0.2), c.best_epoch.push_back(8), c.epochs.push_back(16);
  sweep.candidates[0].n_chosen = 1;
  const std::string page = read_file(write_report({}, input, folder.path, {.pictures = false}).html);
  CHECK(page.find("ranked by validation.auc, mean of 2 folds") != std::string::npos);
  CHECK(page.find("0.8300<small>0.7300 to 0.9300</small>") != std::string::npos);
  CHECK(page.find("1 fold</td>") != std::string::npos);
}

TEST_CASE("a difference of a thousandth does not fill a sweep's figure, and all its figures have one scale") {
  auto variant = example::report().variants[0];
  variant.sweep = one_at_a_time();
  for (auto& c : variant.sweep.candidates) c.scores = {0.9 + c.scores[0] / 1000};
  const auto figures = sweep_figures(variant);
  const auto domain = [&](std::size_t f) {
    return nlohmann::json::parse(figures[f].spec)["layer"][0]["encoding"]["y"]["scale"]["domain"];
  };
  CHECK(domain(0) == domain(1));
  CHECK(domain(0)[1].get<double>() - domain(0)[0].get<double>() > 0.09);
}

TEST_CASE("a variant without a sweep has no section and no figure of one") {
  const TemporaryFolder folder("no_sweep");
  const auto input = example::report();
  CHECK(sweep_figures(input.variants[0]).empty());
  CHECK(read_file(write_report({}, input, folder.path, {.pictures = false}).html).find("The sweep") == std::string::npos);
}
