#include <cellverdict/base/error.h>
#include <cellverdict/stats/enrichment.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "truth_script.h"

using namespace cellverdict;

TEST_CASE("gseapy's preranked test gives the same scores and leading genes, and p-values within the noise of the draws") {
  std::ifstream file(truth_folder() / "enrichment_truth.json");
  const auto truth = nlohmann::json::parse(file);
  const std::vector<double> values = truth["values"];
  std::vector<std::vector<std::int64_t>> places;
  for (const auto& set : truth["sets"]) places.push_back(set["places"]);
  constexpr std::int64_t kDraws = 20000;
  const auto found = test_enrichment(values, places, {.permutations = kDraws});
  REQUIRE(found.size() == places.size());
  for (std::size_t s = 0; s < found.size(); ++s) {
    const auto& set = truth["sets"][s];
    CAPTURE(set["name"].get<std::string>());
    CHECK(found[s].score == doctest::Approx(set["score"].get<double>()).epsilon(1e-6));
    CHECK(found[s].normalised == doctest::Approx(set["normalised"].get<double>()).epsilon(0.03));
    const double p = set["p"];
    CHECK(std::abs(found[s].p_value - p) < 5 * std::sqrt(2 * std::max(p, 1e-3) / (kDraws / 2.5)));
    CHECK(found[s].n_first == std::ssize(set["leading"]));
  }
}

TEST_CASE("the running sum of four genes, by hand") {
  // Up 3/4, down 1/2, up 1/4, down 1/2: greatest after the first.
  const std::vector<double> values = {3, 2, 1, -5};
  const auto top = test_enrichment(values, {{0, 2}}, {.permutations = 200})[0];
  CHECK(top.score == doctest::Approx(0.75));
  CHECK(top.n_first == 1);
  const auto bottom = test_enrichment(values, {{2, 3}}, {.permutations = 200})[0];
  CHECK(bottom.score == doctest::Approx(-1));  // both others stand before them
  CHECK(bottom.n_first == 2);
  CHECK(test_enrichment(std::vector<double>{0, 0, 0, 0}, {{0, 1}}, {.permutations = 200})[0].score == doctest::Approx(1));
}

TEST_CASE("an enrichment depends on its seed alone, and a set at random is not found") {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(2 - 0.01 * i);
  std::vector<std::int64_t> spread;
  for (int i = 7; i < 400; i += 16) spread.push_back(i);
  const auto once = test_enrichment(values, {spread, {0, 1, 2, 3, 4, 5}}), again = test_enrichment(values, {spread});
  CHECK(once[0].p_value == again[0].p_value);
  CHECK(once[0].p_value > 0.1);
  CHECK(once[1].p_value < 0.01);
  CHECK(once[1].p_value > 0);
}

TEST_CASE("what is no ranking or no set is a bug of the caller") {
  CHECK_THROWS_AS(test_enrichment(std::vector<double>{1, 2}, {{0}}), InternalError);
  CHECK_THROWS_AS(test_enrichment(std::vector<double>{2, 1}, {{0, 1}}), InternalError);
  CHECK_THROWS_AS(test_enrichment(std::vector<double>{2, 1, 0}, {{1, 1}}), InternalError);
}
