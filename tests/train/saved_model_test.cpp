#include <doctest/doctest.h>

#include "train/toy.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::string load_refusal(const std::filesystem::path& folder) {
  return sentence<InputError>([&] { Classifier::load(folder); });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a saved model predicts what it predicted before, and saves the same bytes again") {
  const TempFolder folder, other;
  const Split split = toy_split();
  Classifier model = train_toy(split, toy_request(folder));
  model.card().threshold = 0.4;
  model.card().threshold_source = "chosen on validation";
  model.card().version = "1.2.3";
  model.card().split = split.summary();
  model.card().provenance = {{"torch", torch_version()}};
  const auto bytes = saved_bytes(model, folder);
  const Classifier loaded = Classifier::load(folder / "saved");
  CHECK(loaded.predict_cells({}, split.test()) == model.predict_cells({}, split.test()));
  CHECK(loaded.card().threshold == 0.4);
  CHECK(loaded.card().heads[0].classes == std::vector<std::string>{"a", "b"});
  CHECK(loaded.card().split.units.size() == 12);
  CHECK(loaded.card().curve.best_epoch == model.card().curve.best_epoch);
  CHECK(loaded.card().self_test.size() == 8);
  CHECK((saved_bytes(loaded, other) == bytes));
}

TEST_CASE("one changed byte of the weights, wherever it is, is noticed on loading") {
  const TempFolder folder;
  const std::string weights = saved_bytes(train_toy(toy_split(), toy_request(folder)), folder).second;
  REQUIRE(load_refusal(folder / "saved").empty());
  for (const std::size_t place : {weights.size() - 1, weights.size() - 4, weights.size() / 2, weights.size() / 2 + 1}) {
    std::string damaged = weights;
    damaged[place] = static_cast<char>(damaged[place] ^ 1);
    folder.write("saved/model.safetensors", damaged);
    CHECK(says(load_refusal(folder / "saved"), "the weights are damaged or of another model"));
  }
  folder.write("saved/model.safetensors", weights.substr(0, weights.size() - 10));
  CHECK(says(load_refusal(folder / "saved"), "model.safetensors"));
  std::filesystem::remove(folder / "saved" / "model.safetensors");
  CHECK(says(load_refusal(folder / "saved"), "model.safetensors"));
}

TEST_CASE("the self-test notices a model that no longer says what it said when it was saved") {
  const TempFolder folder;
  Classifier model = train_toy(toy_split(), toy_request(folder));
  model.card().self_test[3].probability[0] += 0.01;
  model.save(folder / "saved");
  CHECK(says(load_refusal(folder / "saved"), "which the model gave when it was saved"));
  model = train_toy(toy_split(), toy_request(folder));
  model.card().preparation.sd[0] *= 2;  // the weights are whole, their preparation is not
  model.card().preparation.sd[3] *= 3;
  model.save(folder / "saved");
  CHECK(says(load_refusal(folder / "saved"), "this build computes differently"));
}

TEST_CASE("a model.json that is cut, edited or not one at all is refused in one sentence that names it") {
  const TempFolder folder;
  const std::string card = saved_bytes(train_toy(toy_split(), toy_request(folder)), folder).first;
  const auto refusal_with = [&](const std::string& text) {
    folder.write("saved/model.json", text);
    const std::string said = load_refusal(folder / "saved");
    CHECK(says(said, "model.json"));
    CHECK(says(said, "."));
    return said;
  };
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, card.size() / 3, card.size() - 3})
    says(refusal_with(card.substr(0, n)), "no JSON");
  CHECK(says(refusal_with("{}"), "a model.json of cellverdict"));
  CHECK(says(refusal_with("[1, 2]"), "a model.json of cellverdict"));
  CHECK(says(refusal_with(replaced(card, "\"format\": 1", "\"format\": 2")), "found format 2, expected format 1"));
  CHECK(says(refusal_with(replaced(card, "\"width\": 16", "\"width\": -5")), "width"));
  CHECK(says(refusal_with(replaced(card, "\"width\": 16", "\"width\": 17")), "expected shape"));
  CHECK(says(refusal_with(replaced(card, "\"positive\": \"b\"", "\"positive\": \"c\"")), "positive class 'c'"));
  CHECK(says(refusal_with(replaced(card, "\"sd\": [", "\"sd\": [1.0,")), "different length"));
  CHECK(says(refusal_with(replaced(card, "\"probability\": [", "\"probability\": [0.5, 0.5,")), "4 probabilities"));
  std::filesystem::remove(folder / "saved" / "model.json");
  CHECK(says(load_refusal(folder / "saved"), "nothing at this path"));
}

TEST_CASE("a model.json of a giant net is refused by the shapes of the weights, before the net is made") {
  const TempFolder folder;
  const std::string card = saved_bytes(train_toy(toy_split(), toy_request(folder)), folder).first;
  const auto value_of = [&](const std::string& key) {
    const auto begin = card.find("\"" + key + "\": ");
    REQUIRE(begin != std::string::npos);
    return card.substr(begin, card.find_first_of(",\n", begin) - begin);
  };
  const std::string giant = replaced(replaced(card, value_of("width"), "\"width\": 65536"), value_of("depth"), "\"depth\": 32");
  folder.write("saved/model.json", giant);
  CHECK(says(load_refusal(folder / "saved"), "model.safetensors tensor 'hidden0.weight': found shape ["));
}

TEST_CASE("a net that this machine's memory cannot hold is refused before it is made") {
  const TempFolder folder;
  auto request = toy_request(folder);
  request.model.width = 65536;
  request.model.depth = 1000;
  CHECK(
      says(sentence<DataError>([&] { train_toy(toy_split(), request); }), "[model] width = 65536, depth = 1000: found weights of"));
}

TEST_CASE("saving over a model replaces it whole, and leaves no temporary file") {
  const TempFolder folder;
  const Classifier model = train_toy(toy_split(), toy_request(folder));
  folder.write("saved/old.txt", "from before");
  model.save(folder / "saved");
  CHECK_FALSE(std::filesystem::exists(folder / "saved" / "old.txt"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "saved"), {}) == 2);
}

TEST_CASE("a model with the published network's constants predicts the same after loading, and its card says them") {
  const TempFolder folder;
  const Split split = toy_split();
  auto request = toy_request(folder);
  request.model.hidden_bias = false;
  request.model.half_width_layer = true;
  request.model.batch_norm = "keras";
  request.train.adam_epsilon = 1e-7;
  const Classifier model = train_toy(split, request);
  const auto bytes = saved_bytes(model, folder);
  CHECK(says(bytes.first, "\"half_width_layer\": true"));
  const Classifier loaded = Classifier::load(folder / "saved");
  CHECK(loaded.predict_cells({}, split.test()) == model.predict_cells({}, split.test()));
  CHECK_FALSE(loaded.card().model.hidden_bias);
  CHECK(loaded.card().model.batch_norm == "keras");
  CHECK(loaded.card().train.adam_epsilon == 1e-7);
  // The same weights with BatchNorm's other constant would say something else: the self-test sees it.
  folder.write("saved/model.json", replaced(bytes.first, "\"batch_norm\": \"keras\"", "\"batch_norm\": \"torch\""));
  CHECK(says(load_refusal(folder / "saved"), "which the model gave when it was saved"));
  folder.write("saved/model.json", replaced(bytes.first, "\"half_width_layer\": true", "\"half_width_layer\": false"));
  CHECK(says(load_refusal(folder / "saved"), "expected shape"));
}
