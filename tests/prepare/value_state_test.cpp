#include <cellverdict/io/open_source.h>
#include <cellverdict/prepare/value_state.h>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "io/temp_folder.h"
#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

#include "stats/truth_script.h"

namespace {

CsrBlock block_of_values(int n_cells, const std::function<float(int cell, int gene)>& value, std::int64_t first_row = 0) {
  CsrBlock cells;
  cells.first_row = first_row;
  for (int i = 0; i < n_cells; ++i) {
    for (int g = 0; g < 50; ++g)
      if (const float x = value(i, g); x != 0) cells.push(g, x);
    cells.end_row();
  }
  return cells;
}

float count(int cell, int gene) {
  return static_cast<float>((cell * 7 + gene * 13) % 11 % 4);
}

float logarithm(int cell, int gene) {
  return std::log1p(count(cell, gene) * (40.0F + static_cast<float>(cell)));
}

CsrBlock first_values(CellSource& source) {
  CsrBlock cells;
  while (source.read_block(512, cells) && cells.values.empty()) {
  }
  return cells;
}

void check_states(const std::string& counts) {
  const TempFolder folder;
  const auto states = truth_of("../prepare/make_value_states.py", folder.path().string() + "' '" + counts);
  if (!states) return;
  for (const auto& [name, expected] : states->items()) {
    // As they lie in X: a reader that looks for counts elsewhere is another matter.
    const auto source = open_source(folder / (name + ".h5ad"), {.layer = "X"});
    const ValueJudgement judgement = judge_values(first_values(*source));
    CHECK_MESSAGE(value_state_name(judgement.state) == expected.get<std::string>(), name);
    const bool made_of_counts = name.starts_with("log") && name.find("tpm") == std::string::npos && name != "log1p_few_genes";
    if (made_of_counts) CHECK_MESSAGE(judgement.proven, name);
  }
}

}  // namespace

TEST_CASE("whatever scanpy does to counts is told from a few hundred cells") {
  check_states("");
}

TEST_CASE("the same is told of real counts") {
  if (const auto data = shared_data()) check_states((*data / "covid-combat/covid.h5ad").string());
}

TEST_CASE("every state is read back by its name, and no other name is one") {
  for (const auto state : {ValueState::counts, ValueState::fractional_counts, ValueState::normalised, ValueState::log1p,
                           ValueState::square_roots, ValueState::scaled})
    CHECK(value_state_named(value_state_name(state), "model.json") == state);
  CHECK(says(sentence<InputError>([] { value_state_named("logs", "model.json"); }), "model.json: found values of the kind 'logs'"));
}

TEST_CASE("a file whose first cells are counts and whose later ones are logarithms is refused with the cells") {
  ValueWatch watch("a.h5ad", "accept");
  CHECK(watch.see(block_of_values(20, count)).empty());
  CHECK(says(sentence<DataError>([&] { watch.see(block_of_values(20, logarithm, 20)); }),
             "a.h5ad cells 21 to 40: found values that are log1p, expected counts, as in the cells before"));
}

TEST_CASE("cells without counts decide nothing") {
  ValueWatch watch("a.h5ad", "accept");
  CHECK(watch.see(block_of_values(20, [](int, int) { return 0.0F; })).empty());
  CHECK(says(sentence<DataError>([&] { watch.see(block_of_values(20, logarithm, 20)); }), "log-transformed already"));
}

TEST_CASE("other matrices of the file are named where its values will not do") {
  CHECK(says(sentence<DataError>([] { check_value_state(ValueState::log1p, "a.h5ad", false, {"raw", "layers/counts"}); }),
             "the file has raw, layers/counts: name the one with the counts by"));
}

TEST_CASE("normalised values pass with a warning, and no model of counts is asked about them") {
  CHECK(says(check_value_state(ValueState::normalised, "a.h5ad", false), "a.h5ad: the values are normalised already"));
  check_same_state(ValueState::counts, ValueState::fractional_counts, "a.h5ad");
  check_same_state(ValueState::normalised, ValueState::normalised, "a.h5ad");
  CHECK(
      says(sentence<DataError>([] { check_same_state(ValueState::counts, ValueState::normalised, "a.h5ad"); }),
           "a.h5ad: found values that are normalised, expected counts, as the model learned from; give the file with the counts"));
  CHECK(says(sentence<DataError>([] { check_same_state(ValueState::normalised, ValueState::counts, "a.h5ad"); }),
             "expected normalised, as the model learned from"));
}

TEST_CASE("values that are trusted are counts whatever they look like, and the user is told what they look like") {
  CsrBlock roots;
  for (int cell = 0; cell < 40; ++cell) {
    for (std::int32_t g = 0; g < 30; ++g) roots.push(g, std::sqrt(static_cast<float>(1 + (cell * 7 + g * 3) % 11)));
    roots.end_row();
  }
  ValueWatch watch("a.h5ad", "accept");
  CHECK_THROWS_AS(watch.see(roots), DataError);
  ValueWatch trusting("a.h5ad", "trusted");
  const std::string said = trusting.see(roots);
  CHECK(said.find("look like square roots") != std::string::npos);
  CHECK(trusting.state() == ValueState::fractional_counts);
}
