#include <cellverdict/train/plateau.h>

#include <doctest/doctest.h>

#include <atomic>

#include "train/toy.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

TrainRequest bag_request(const TempFolder& folder, const std::string& aggregator = "nonlinear-attention") {
  TrainRequest request = toy_request(folder);
  request.model.kind = "bag";
  request.model.bag = {.cell_width = 12,
                       .aggregator = aggregator,
                       .attention_width = 8,
                       .transformer_heads = 2,
                       .transformer_layers = 1,
                       .patient_width = 6,
                       .cells = 10,
                       .patients = 3};
  request.train.epochs = 12;
  request.train.monitor = "validation.loss";
  return request;
}

double share_of_bags_right(const CellView& view, const Classifier& model) {
  const auto p = model.predict_cells({}, view)[0];
  double right = 0;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) right += (p[2 * i + 1] >= 0.5) == (view.label(i) == 1);
  return right / static_cast<double>(view.n_cells());
}

}  // namespace

TEST_CASE("every aggregator learns classes that differ, and tells strangers of the test side apart") {
  const Split split = toy_split();
  for (const std::string aggregator :
       {"mean", "sum", "linear-attention", "nonlinear-attention", "gated-attention", "transformer", "transformer-mean"}) {
    INFO(aggregator);
    const TempFolder folder;
    const Classifier model = train_toy(split, bag_request(folder, aggregator));
    const LearningCurve& curve = model.card().curve;
    CHECK(curve.epochs.back().train.loss < curve.epochs.front().train.loss);
    CHECK(share_of_bags_right(split.test(), model) == 1);
  }
}

TEST_CASE("cells of one unit have one answer, that of their bag") {
  const TempFolder folder;
  const Split split = toy_split();
  const auto p = train_toy(split, bag_request(folder)).predict_cells({}, split.test())[0];
  for (std::int64_t i = 1; i < split.test().n_cells(); ++i)
    if (split.test().unit(i) == split.test().unit(i - 1)) CHECK(p[2 * i] == p[2 * i - 2]);
  CHECK(p[0] + p[1] == doctest::Approx(1));
}

TEST_CASE("a saved model of bags gives the same probabilities, and a damaged one is refused") {
  const TempFolder folder;
  const Split split = toy_split();
  const Classifier model = train_toy(split, bag_request(folder));
  model.save(folder / "model");
  const Classifier back = Classifier::load(folder / "model");
  CHECK((back.predict_cells({}, split.test()) == model.predict_cells({}, split.test())));
  CHECK(back.card().model.bag.cell_width == 12);
  CHECK(!back.card().self_test.empty());
}

TEST_CASE("the same seed gives the same bytes, a resumed training too, and another seed other ones") {
  const TempFolder folder, other;
  const Split split = toy_split();
  TrainRequest request = bag_request(folder);
  const auto once = saved_bytes(train_toy(split, request), folder);
  CHECK((saved_bytes(train_toy(split, request), folder) == once));

  std::atomic<bool> stop = false;
  RunContext context;
  context.stop = &stop;
  context.progress = [&](std::string_view stage, std::int64_t, std::int64_t) { stop = stage == "epoch 5"; };
  request.checkpoints = other / "checkpoints";
  CHECK(says(sentence<Interrupted>([&] { train_toy(split, request, context); }), "epochs 1 to 4 are kept"));
  request.resume = true;
  CHECK((saved_bytes(train_toy(split, request), folder) == once));
  request.resume = false;
  request.train.seed = 43;
  CHECK((saved_bytes(train_toy(split, request), folder).second != once.second));
}

TEST_CASE("weights are learned from the training cells alone: counts that are no numbers elsewhere change no byte") {
  const TempFolder folder;
  const Split clean = toy_split();
  std::set<std::string> held_out;
  for (const auto& unit : clean.summary().units)
    if (unit.side != Side::train) held_out.insert(unit.unit);
  const Split dirty = toy_split(12, held_out);
  CHECK((saved_bytes(train_toy(clean, bag_request(folder), {}, false), folder) ==
         saved_bytes(train_toy(dirty, bag_request(folder), {}, false), folder)));
}

TEST_CASE("what bags cannot do is a sentence") {
  const TempFolder folder;
  TrainRequest request = bag_request(folder);
  request.model.bag.balance = "oversample-tissue";
  CHECK(says(sentence<UsageError>([&] { train_toy(toy_split(), request); }), "tissue = "));
  request = bag_request(folder);
  request.train.learning_rate = 1e30;
  CHECK(says(sentence<DataError>([&] { train_toy(toy_split(), request); }), "learning_rate"));
}

TEST_CASE("mixed patients change the training and nothing else: the same seed the same bytes, and classes are told apart") {
  const TempFolder folder;
  const Split split = toy_split();
  TrainRequest request = bag_request(folder);
  const auto without = saved_bytes(train_toy(split, request), folder);
  request.model.bag.mixup = 1.5;
  const Classifier model = train_toy(split, request);
  const auto with = saved_bytes(train_toy(split, request), folder);
  CHECK((saved_bytes(model, folder) == with));
  CHECK((with.second != without.second));
  CHECK(share_of_bags_right(split.test(), model) == 1);
  CHECK(model.card().curve.epochs.front().train.accuracy <= 1);
}

TEST_CASE("balancing says what it achieved") {
  const TempFolder folder;
  TrainRequest request = bag_request(folder);
  request.model.bag.balance = "oversample-disease-and-tissue";
  request.model.bag.tissue = "day";
  std::vector<std::string> said;
  RunContext context;
  context.log = [&](std::string_view line) { said.emplace_back(line); };
  train_toy(toy_split(), request, context);
  CHECK(says(said, "balance   oversample-disease-and-tissue"));
}

// Numbers of torch.optim.lr_scheduler.ReduceLROnPlateau(patience=2, factor=0.1), torch 2.13: the rate after these losses.
TEST_CASE("the learning rate falls where PyTorch's ReduceLROnPlateau lets it fall") {
  std::vector<double> losses;
  const std::vector<std::pair<double, double>> truth = {{1.0, 1.0},   {0.9, 1.0},   {0.89995, 1.0}, {0.95, 1.0}, {0.9, 0.1},
                                                        {0.91, 0.1},  {0.8, 0.1},   {0.81, 0.1},    {0.82, 0.1}, {0.83, 0.01},
                                                        {0.84, 0.01}, {0.84, 0.01}, {0.84, 0.001}};
  for (const auto& [loss, rate] : truth) {
    losses.push_back(loss);
    CHECK(rate_after(losses, 1.0, {.patience = 2, .factor = 0.1}) == doctest::Approx(rate));
  }
  CHECK(rate_after(losses, 1.0, {.patience = 0}) == 1.0);
}
