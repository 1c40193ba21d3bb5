#include "toy.h"

#include <cellverdict/train/encoder.h>

#include <doctest/doctest.h>

using namespace cellverdict;
using cellverdict::testing::TempFolder;

namespace {

struct TaughtGraph {
  Split split;
  Preparation preparation;
  Encoder encoder;
};

// Two units of the test side, which may carry one another's label.
TaughtGraph taught(bool swapped) {
  auto units = testing::many_units({"a", "b"}, 4, 15);
  if (swapped)
    for (auto& unit : units)
      if (unit.name.ends_with('3')) unit.label = unit.label == "a" ? "b" : "a";
  Split split = testing::split_example(testing::make_example(units), {.scheme = "lists", .by = "library", .test = {"a3", "b3"}});
  Preparation preparation = fit_preparation({}, split.train(), testing::all_genes());
  Encoder encoder =
      fit_encoder({}, split.train(), std::nullopt, preparation, {.options = {.hidden = {16}, .latent = 4, .epochs = 3}});
  return {std::move(split), std::move(preparation), std::move(encoder)};
}

Classifier train_graph(const TaughtGraph& t, const TempFolder& folder, bool transductive) {
  TrainRequest request = testing::toy_request(folder);
  request.model.kind = "graph";
  request.model.input = "latent";
  request.model.autoencoder = {.hidden = {16}, .latent = 4};
  request.model.graph = {.width = 8, .threshold = 0.2, .neighbours = 10, .transductive = transductive};
  request.encoder = &t.encoder;
  const TrainView all = t.split.transductive("");
  if (transductive) request.graph_cells = &all;
  return train_classifier({}, t.split.train(), std::nullopt, t.preparation, {}, request);
}

}  // namespace

TEST_CASE("a transductive graph net is the same whatever the labels of the test cells in its graph") {
  const TempFolder one, two;
  const auto as_they_are = testing::saved_bytes(train_graph(taught(false), one, true), one);
  const auto swapped = testing::saved_bytes(train_graph(taught(true), two, true), two);
  CHECK(as_they_are.second == swapped.second);
}

TEST_CASE("a saved transductive graph net answers as before, an asked cell standing where it stood in training") {
  const TempFolder folder;
  const TaughtGraph t = taught(false);
  const Classifier classifier = train_graph(t, folder, true);
  const auto before = classifier.predict_cells({}, t.split.test())[0];
  classifier.save(folder / "model");
  CHECK(Classifier::load(folder / "model").predict_cells({}, t.split.test())[0] == before);
  const auto everyone = classifier.predict_cells({}, t.split.transductive(""))[0];
  const std::int64_t first = t.split.train().n_cells() / 2;  // cells of a0 to a2; then those of a3
  CHECK(std::equal(before.begin(), before.begin() + 2 * 15, everyone.begin() + 2 * first));
}

TEST_CASE("an inductive graph net is asked about a graph of the asked cells alone") {
  const TempFolder folder;
  const TaughtGraph t = taught(false);
  const Classifier inductive = train_graph(t, folder, false);
  const auto together = inductive.predict_cells({}, t.split.transductive(""))[0];
  const auto alone = inductive.predict_cells({}, t.split.test())[0];
  const std::int64_t first = t.split.train().n_cells() / 2;
  CHECK_FALSE(std::equal(alone.begin(), alone.begin() + 2 * 15, together.begin() + 2 * first));
}
