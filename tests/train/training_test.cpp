#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "train/toy.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

double share_right(const CellView& view, const HeadProbabilities& p) {
  double right = 0;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) right += (p[2 * i + 1] >= 0.5) == (view.label(i) == 1);
  return right / static_cast<double>(view.n_cells());
}

double log_loss(const CellView& view, const HeadProbabilities& p) {
  double sum = 0;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) sum -= std::log(p[2 * i + view.label(i)]);
  return sum / static_cast<double>(view.n_cells());
}

double monitored_by_hand(const std::string& monitor, const EpochMetrics& m) {
  if (monitor == "validation.loss") return -m.loss;
  if (monitor == "validation.accuracy") return m.accuracy;
  if (monitor == "validation.balanced_accuracy") return m.balanced_accuracy;
  return monitor == "validation.f1" ? m.f1 : *m.auc;
}

}  // namespace

TEST_CASE("classes that differ are learned, and strangers of the test side are told apart") {
  const TempFolder folder;
  const Split split = toy_split();
  const Classifier model = train_toy(split, toy_request(folder));
  const LearningCurve& curve = model.card().curve;
  CHECK(curve.epochs.back().train.loss < curve.epochs.front().train.loss);
  CHECK(share_right(split.test(), model.predict_cells({}, split.test())[0]) > 0.95);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto p = model.predict_cells({}, split.test())[0];
    CHECK(p[2 * i] + p[2 * i + 1] == doctest::Approx(1));
  }
}

TEST_CASE("one batch is learned by heart, whatever its labels") {
  const TempFolder folder;
  const std::vector<ExampleUnit> units = {
      {"a0", "1", "a", 0, 16}, {"b0", "2", "b", 0, 16}, {"a1", "3", "a", 0, 2}, {"b1", "4", "b", 0, 2}};
  const Split split = split_example(make_example(units, {.n_genes = 100}), {.scheme = "lists", .test = {"a1", "b1"}});
  TrainRequest request = toy_request(folder);
  request.model.dropout = 0;
  request.train.epochs = 60;
  const Classifier model = train_toy(split, request, {}, false);
  CHECK(model.card().curve.epochs.back().train.loss < 0.05);
  CHECK(model.card().curve.epochs.back().train.accuracy == 1);
  CHECK(model.card().curve.best_epoch == 60);  // without validation the last epoch is kept
  CHECK(model.card().curve.monitor.empty());
}

TEST_CASE("the weights kept are those of the best epoch, not of the last") {
  const TempFolder folder;
  const Split split = toy_split(0);  // nothing to learn: more epochs make the validation loss worse
  TrainRequest request = toy_request(folder);
  request.train.monitor = "validation.loss";
  request.train.epochs = 15;
  request.train.patience = 0;
  const Classifier model = train_toy(split, request);
  const LearningCurve& curve = model.card().curve;
  REQUIRE(curve.epochs.size() == 15);
  REQUIRE(curve.best_epoch < 15);
  const double best = curve.epochs[curve.best_epoch - 1].validation->loss, last = curve.epochs.back().validation->loss;
  REQUIRE(best < last - 0.01);
  CHECK(log_loss(*split.validation(), model.predict_cells({}, *split.validation())[0]) == doctest::Approx(best).epsilon(1e-6));
}

TEST_CASE("training stops when the monitored number has not improved for `patience` epochs, whichever number it is") {
  for (const std::string monitor :
       {"validation.auc", "validation.loss", "validation.accuracy", "validation.balanced_accuracy", "validation.f1"}) {
    const TempFolder folder;
    TrainRequest request = toy_request(folder);
    request.train.monitor = monitor;
    request.train.patience = 2;
    request.train.epochs = 100;
    const Classifier model = train_toy(toy_split(1), request);
    const LearningCurve& curve = model.card().curve;
    CHECK(curve.monitor == monitor);
    REQUIRE(curve.epochs.size() < 100);
    CHECK(static_cast<int>(curve.epochs.size()) == curve.best_epoch + 2);
    for (const auto& epoch : curve.epochs) {
      const double best = monitored_by_hand(monitor, *curve.epochs[curve.best_epoch - 1].validation),
                   now = monitored_by_hand(monitor, *epoch.validation);
      if (epoch.number < curve.best_epoch) CHECK(now < best);
      if (epoch.number > curve.best_epoch) CHECK(now <= best);
    }
  }
}

TEST_CASE("balanced class weights move the answer for cells that tell nothing from the prevalence to a half") {
  std::vector<ExampleUnit> units = {
      {"a0", "1", "a", 0, 180}, {"b0", "2", "b", 0, 20}, {"a1", "3", "a", 0, 20}, {"b1", "4", "b", 0, 20}};
  const Split split = split_example(make_example(units), {.scheme = "lists", .test = {"a1", "b1"}});
  const auto mean_of_b = [&](const std::string& weights) {
    const TempFolder folder;
    TrainRequest request = toy_request(folder);
    request.train.class_weights = weights;
    request.train.learning_rate = 3e-3;
    request.train.epochs = 12;
    const auto p = train_toy(split, request, {}, false).predict_cells({}, split.test())[0];
    double sum = 0;
    for (std::size_t i = 1; i < p.size(); i += 2) sum += p[i];
    return 2 * sum / static_cast<double>(p.size());
  };
  CHECK(mean_of_b("none") < 0.25);
  CHECK(mean_of_b("balanced") > 0.35);
  CHECK(mean_of_b("balanced") < 0.65);
}

TEST_CASE("weights are learned from the training cells alone: counts that are no numbers elsewhere change no byte") {
  const TempFolder folder;
  const Split clean = toy_split();
  std::set<std::string> held_out;
  for (const auto& unit : clean.summary().units)
    if (unit.side != Side::train) held_out.insert(unit.unit);
  REQUIRE(held_out.size() == 4);
  const Split dirty = toy_split(12, held_out);
  CsrBlock cell;
  dirty.test().append_counts(0, cell);
  REQUIRE(std::isnan(cell.values[0]));
  const auto without_poison = saved_bytes(train_toy(clean, toy_request(folder), {}, false), folder);
  const auto with_poison = saved_bytes(train_toy(dirty, toy_request(folder), {}, false), folder);
  CHECK((without_poison == with_poison));
}

TEST_CASE("the same seed gives the same bytes, and another seed other ones") {
  const TempFolder folder;
  const Split split = toy_split();
  TrainRequest request = toy_request(folder);
  const auto once = saved_bytes(train_toy(split, request), folder), again = saved_bytes(train_toy(split, request), folder);
  CHECK((once == again));
  request.train.seed = 43;
  CHECK((saved_bytes(train_toy(split, request), folder).second != once.second));
}

TEST_CASE("cells kept in memory and cells prepared at each reading train the same bytes") {
  const TempFolder folder;
  RunContext tight;
  tight.memory_bytes = 0;
  CHECK((saved_bytes(train_toy(toy_split(), toy_request(folder)), folder) ==
         saved_bytes(train_toy(toy_split(), toy_request(folder), tight), folder)));
}

TEST_CASE("an interrupted training goes on to the same bytes as one that was never interrupted") {
  const Split split = toy_split(2);
  for (const std::string optimizer : {"adam", "adamw", "sgd"}) {
    const TempFolder whole_folder, folder;
    TrainRequest request = toy_request(whole_folder);
    request.train.optimizer = optimizer;
    request.train.weight_decay = 1e-3;
    request.train.patience = 0;
    const auto whole = saved_bytes(train_toy(split, request), whole_folder);

    request.checkpoints = folder / "checkpoints";
    std::atomic<bool> stop = false;
    RunContext context;
    context.stop = &stop;
    int n_batches = 0;
    context.progress = [&](std::string_view what, std::int64_t, std::int64_t) { stop = what == "epoch 3" && ++n_batches == 2; };
    const auto said = sentence<Interrupted>([&] { train_toy(split, request, context); });
    CHECK(says(said, "an interrupt in epoch 3; epochs 1 to 2 are kept: run the same command with --resume to go on"));

    request.resume = true;
    std::vector<std::string> log;
    RunContext later;
    later.log = [&](std::string_view line) { log.emplace_back(line); };
    const auto resumed = saved_bytes(train_toy(split, request, later), folder);
    CHECK(says(log, "resume    after epoch 2"));
    CHECK((resumed.second == whole.second));
    CHECK((resumed.first == whole.first));

    // Nothing is left to do: the finished training is given back.
    CHECK((saved_bytes(train_toy(split, request), folder) == whole));
  }
}

TEST_CASE("an interrupt in the first epoch says that nothing is kept") {
  const TempFolder folder;
  const std::atomic<bool> stop = true;
  RunContext context;
  context.stop = &stop;
  CHECK(says(sentence<Interrupted>([&] { train_toy(toy_split(), toy_request(folder), context); }),
             "no epoch was finished: run again"));
}

TEST_CASE("a checkpoint of another configuration is refused, and a damaged one is named") {
  const TempFolder folder;
  const Split split = toy_split();
  TrainRequest request = toy_request(folder);
  request.train.epochs = 2;
  train_toy(split, request);
  request.resume = true;
  request.key = "other";
  CHECK(says(sentence<UsageError>([&] { train_toy(split, request); }),
             "made with another configuration, data, version or number of threads"));
  request.key = "toy";
  request.model.width = 8;  // a key that does not tell: the shapes do
  CHECK(says(sentence<InputError>([&] { train_toy(split, request); }), "shape [20, 16], expected shape [20, 8]"));
  request.model.width = 16;
  const auto file = request.checkpoints / "checkpoint.safetensors";
  const std::string bytes = read_file(file);
  folder.write("checkpoints/checkpoint.safetensors", bytes.substr(0, bytes.size() / 2));
  CHECK(says(sentence<InputError>([&] { train_toy(split, request); }), "checkpoint.safetensors"));
  std::filesystem::remove(file);
  CHECK(train_toy(split, request).card().curve.epochs.size() == 2);  // none there: from the start
}

TEST_CASE("a learning rate that throws the weights off is a sentence, not a model") {
  for (const std::string optimizer : {"adam", "adamw", "sgd"})
    for (const int epochs : {1, 3})
      for (const bool validate : {true, false}) {
        const TempFolder folder;
        TrainRequest request = toy_request(folder);
        request.train.learning_rate = 1e30;
        request.train.optimizer = optimizer;
        request.train.epochs = epochs;
        const auto said = sentence<DataError>([&] { train_toy(toy_split(), request, {}, validate); });
        INFO(optimizer, " ", epochs, " ", validate);
        CHECK(says(said, "learning_rate"));
      }
}

TEST_CASE("an extra head is trained with the label's and predicts its own classes") {
  const TempFolder folder;
  auto units = many_units({"a", "b"}, 6, 30);
  for (auto& unit : units) unit.day = unit.label == "a" ? 0 : 1;  // day follows the label, which can be learned
  units[1].day = std::numeric_limits<double>::quiet_NaN();        // these cells have no day
  const Split split = split_example(make_example(units, {.signal = 12}), {.scheme = "group"});
  TrainRequest request = toy_request(folder);
  request.model.heads = {{.label = "day", .weight = 0.5}};
  const Preparation preparation = fit_preparation({}, split.train(), all_genes());
  const Classifier model = train_classifier({}, split.train(), split.validation(), preparation, {{"0", "1", "7"}}, request);
  const auto p = model.predict_cells({}, split.test());
  REQUIRE(p.size() == 2);
  REQUIRE(static_cast<std::int64_t>(p[1].size()) == 3 * split.test().n_cells());
  double right = 0;
  for (std::int64_t i = 0; i < split.test().n_cells(); ++i) {
    CHECK(p[1][3 * i] + p[1][3 * i + 1] + p[1][3 * i + 2] == doctest::Approx(1));
    right += p[1][3 * i + split.test().label(i)] > 0.5;
  }
  CHECK(right / static_cast<double>(split.test().n_cells()) > 0.9);
  CHECK(share_right(split.test(), p[0]) > 0.9);
  CHECK(model.card().heads[1].label == "day");
  CHECK(model.card().heads[1].weight == 0.5);
}

TEST_CASE("three classes are learned") {
  const TempFolder folder;
  const Split split = split_example(make_example(many_units({"a", "b", "c"}, 5, 20), {.signal = 12}), {.scheme = "group"});
  const Classifier model = train_toy(split, toy_request(folder));
  const auto p = model.predict_cells({}, split.test())[0];
  double a_right = 0, n_a = 0;
  for (std::int64_t i = 0; i < split.test().n_cells(); ++i) {
    if (split.test().label(i) != 0) continue;  // b and c are alike
    ++n_a;
    a_right += p[3 * i] > 0.5;
  }
  CHECK(a_right / n_a > 0.9);
}

TEST_CASE("the first layer is settled by density, kept in the card, and either kind learns the same") {
  const TempFolder folder;
  const Split split = toy_split();
  TrainRequest request = toy_request(folder);
  CHECK(train_toy(split, request).card().train.first_layer == "sparse");  // a third of the values is not zero
  PrepareOptions options{.min_cells_per_gene = 1};
  options.genes.n = 3;  // those that tell the classes apart: in half of the cells at least
  const Preparation told = fit_preparation({}, split.train(), options);
  CHECK(train_classifier({}, split.train(), std::nullopt, told, {}, request).card().train.first_layer == "dense");
  request.train.epochs = 1;
  request.train.first_layer = "sparse";
  const Classifier sparse = train_toy(split, request);
  CHECK(sparse.card().train.first_layer == "sparse");
  request.train.first_layer = "dense";
  const Classifier dense = train_toy(split, request);
  const auto a = sparse.predict_cells({}, split.test())[0], b = dense.predict_cells({}, split.test())[0];
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  CHECK(most < 1e-2);  // rounding, after some steps

  const Split thin = split_example(make_example(many_units({"a", "b"}, 6, 20), {.n_genes = 20}), {.scheme = "group"});
  request.train.first_layer = "auto";
  options.min_cells_per_gene = 0;
  options.genes.n = 19;
  Preparation preparation = fit_preparation({}, thin.train(), options);
  for (int g = 0; g < 60; ++g) {  // genes no cell has
    preparation.genes.ids.push_back("none" + std::to_string(g));
    preparation.genes.symbols.push_back("none" + std::to_string(g));
    preparation.mean.push_back(0);
    preparation.sd.push_back(1);
  }
  CHECK(train_classifier({}, thin.train(), std::nullopt, preparation, {}, request).card().train.first_layer == "sparse");
}
