#include <cellverdict/evaluate/baselines.h>
#include <cellverdict/evaluate/cell_types.h>

#include <doctest/doctest.h>

#include <cmath>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

const std::vector<std::string> kAll(std::begin(kBaselineNames), std::end(kBaselineNames));

std::vector<BaselinePrediction> asked(const Split& split, const std::vector<std::string>& names, const std::string& cell_type = {},
                                      const UnitProfiles* profiles = nullptr, std::int64_t k_means_types = 0) {
  const RunContext context;
  const TrainView train = split.train();
  const TestView test = split.test();
  const Preparation preparation = fit_preparation(context, train, {.min_cells_per_gene = 0, .genes = {.select = "all", .n = 0}});
  return predict_baselines({.context = context,
                            .train = train,
                            .asked = test,
                            .preparation = preparation,
                            .covariates = {"day"},
                            .cell_type = cell_type,
                            .k_means_types = k_means_types,
                            .profiles = profiles},
                           names);
}

double share_right(const TestView& test, const BaselinePrediction& said) {
  double right = 0;
  for (std::int64_t i = 0; i < test.n_cells(); ++i) right += (said.probability[2 * i + 1] >= 0.5) == (test.label(i) == 1) ? 1 : 0;
  return right / static_cast<double>(test.n_cells());
}

Split two_classes(float signal, const std::set<std::string>& poisoned = {}) {
  return split_example(make_example(many_units({"a", "b"}, 8, 20), {.signal = signal, .poisoned = poisoned}),
                       {.scheme = "group", .test_fraction = 0.4});
}

}  // namespace

TEST_CASE("regressions on pseudobulk and on cells find a signal that is there, in units they have not seen") {
  const Split split = two_classes(4);
  for (const auto& said : asked(split, {"pseudobulk", "cells"})) {
    CAPTURE(said.name);
    CHECK(share_right(split.test(), said) > (said.name == "cells" ? 0.85 : 0.99));  // a single cell is noisier
  }
}

TEST_CASE("a baseline made of units says the same of all cells of a unit, and probabilities add up to one") {
  const Split split = two_classes(0);
  const TestView test = split.test();
  for (const auto& said : asked(split, {"majority", "covariates", "pseudobulk"})) {
    CAPTURE(said.name);
    REQUIRE(std::ssize(said.probability) == 2 * test.n_cells());
    for (std::int64_t i = 0; i < test.n_cells(); ++i) {
      CHECK(said.probability[2 * i] + said.probability[2 * i + 1] == doctest::Approx(1));
      if (i > 0 && test.unit(i) == test.unit(i - 1)) CHECK(said.probability[2 * i] == said.probability[2 * i - 2]);
    }
  }
}

TEST_CASE("no test cell reaches what is fitted: poisoned test units change no answer") {
  const Split clean = two_classes(1), dirty = two_classes(1, {clean.test().unit(0)});
  std::vector<std::vector<double>> said;
  for (const Split* split : {&clean, &dirty}) {
    const RunContext context;
    const TrainView train = split->train();
    const Preparation preparation = fit_preparation(context, train, {.min_cells_per_gene = 0, .genes = {.select = "all", .n = 0}});
    // Asked of the training cells, which are the same in both: a poisoned cell itself has no answer.
    for (auto& baseline : predict_baselines(
             {.context = context, .train = train, .asked = train, .preparation = preparation, .covariates = {}, .cell_type = {}},
             {"pseudobulk", "cells"}))
      said.push_back(std::move(baseline.probability));
  }
  CHECK(said[0] == said[2]);
  CHECK(said[1] == said[3]);
}

TEST_CASE("profiles made beforehand give the pseudobulk that the cells give") {
  const Split split = two_classes(1);
  UnitProfiles profiles(16, 20);
  profiles.add(split.train());
  if (const auto validation = split.validation()) profiles.add(*validation);
  profiles.add(split.test());
  const auto streamed = asked(split, {"pseudobulk"}), looked_up = asked(split, {"pseudobulk"}, {}, &profiles);
  for (std::size_t i = 0; i < streamed[0].probability.size(); ++i)
    CHECK(streamed[0].probability[i] == doctest::Approx(looked_up[0].probability[i]).epsilon(1e-6));
}

TEST_CASE("without a column of cell types k-means finds them in training, and their shares tell the classes apart") {
  // Units of both classes hold cells of both kinds: the genes of class b are on in its cells, more of them in units of b.
  const Split split = two_classes(6);
  const auto said = asked(split, {"composition"}, "", nullptr, 2);
  REQUIRE(said.size() == 1);
  CHECK(said[0].how.find("2 k-means types") != std::string::npos);
  CHECK(share_right(split.test(), said[0]) > 0.99);
  for (std::int64_t i = 1; i < split.test().n_cells(); ++i)
    if (split.test().unit_number(i) == split.test().unit_number(i - 1))
      CHECK(said[0].probability[2 * i] == said[0].probability[2 * i - 2]);
}

TEST_CASE("cell types are fitted on training cells alone, and are the same for any number of threads") {
  const RunContext context;
  RunContext threaded;
  threaded.threads = 3;
  const PrepareOptions all{.min_cells_per_gene = 0, .genes = {.select = "all", .n = 0}};
  const auto types_of = [&](const Split& split, const RunContext& with) {
    return fit_cell_types(with, split.train(), fit_preparation(context, split.train(), all), {.types = 3, .components = 5});
  };
  const Split clean = two_classes(3);
  const CellTypes types = types_of(clean, context);
  CHECK(types_of(clean, threaded).k_means.centres == types.k_means.centres);
  CHECK(apply_cell_types(threaded, types, clean.test()) == apply_cell_types(context, types, clean.test()));
  CHECK(apply_cell_types(context, types, clean.train()) == types.k_means.cluster);
  // Counts of a test unit that are no numbers change nothing that was fitted.
  const TestView test = clean.test();
  CHECK(types_of(two_classes(3, {test.unit(0)}), context).k_means.centres == types.k_means.centres);
}

TEST_CASE("the composition of cell types tells classes apart where it differs between them, and is skipped without a column") {
  // The day stands in for a cell type: a units have day 0 cells only, b units day 1.
  std::vector<ExampleUnit> units;
  for (int i = 0; i < 8; ++i) {
    units.push_back({"a" + std::to_string(i), "pa" + std::to_string(i), "a", 0, 5});
    units.push_back({"b" + std::to_string(i), "pb" + std::to_string(i), "b", 1, 5});
  }
  const Split split = split_example(make_example(units), {.scheme = "group", .test_fraction = 0.4});
  const auto said = asked(split, {"composition"}, "day");
  REQUIRE(said.size() == 1);
  CHECK(share_right(split.test(), said[0]) == 1);
  CHECK(asked(split, {"composition"}).empty());
  CHECK(asked(split, kAll).size() == 5);
}

TEST_CASE("an unknown column of cell types is refused") {
  const Split split = two_classes(0);
  CHECK_THROWS_AS(asked(split, {"composition"}, "cell_tpye"), UsageError);
}

namespace {

// Four units of each class on one number, the classes apart; one unit of class 1 stands among those of class 0.
UnitTask on_a_line(std::vector<double> weight) {
  UnitTask task{.sides = {.train = {.unit = {0, 1, 2, 3, 4, 5, 6, 7},
                                    .label = {0, 0, 0, 0, 1, 1, 1, 1},
                                    .of_cell = {},
                                    .values = {0, 1, 2, 3, 1.6, 10, 11, 12},
                                    .n_features = 1},
                          .asked = {.unit = {8, 9}, .label = {0, 1}, .of_cell = {}, .values = {1.5, 11.5}, .n_features = 1}},
                .weight = std::move(weight),
                .class_weights = ClassWeights::equal};
  return task;
}

}  // namespace

TEST_CASE("a unit that weighs twice is two neighbours, and one without a weight is none") {
  const ClassifierOptions three{.neighbours = 3};
  const auto once = classify_units("knn", on_a_line({}), three);
  CHECK(once[1] == doctest::Approx(1.0 / 3));
  CHECK(once[3] == doctest::Approx(1));
  CHECK(classify_units("knn", on_a_line({1, 1, 1, 1, 2, 1, 1, 1}), three)[1] == doctest::Approx(2.0 / 3));
  CHECK(classify_units("knn", on_a_line({1, 1, 1, 1, 0, 1, 1, 1}), three)[1] == doctest::Approx(0));
  CHECK(classify_units("knn", on_a_line({1, 1, 1, 1, 2.5, 1, 1, 1}), three)[1] == doctest::Approx(2.5 / 3));
  CHECK(classify_units("knn", on_a_line({}), {.neighbours = 100})[1] == doctest::Approx(0.5));  // all there are
}

TEST_CASE("weights of the units move the regression and the net as the same units repeated do") {
  for (const std::string classifier : {"logistic", "mlp"}) {
    CAPTURE(classifier);
    const auto even = classify_units(classifier, on_a_line({}), {}),
               sick = classify_units(classifier, on_a_line({1, 1, 1, 1, 9, 9, 9, 9}), {});
    CHECK(sick[1] > even[1] + 0.02);
    CHECK(even[2] + even[3] == doctest::Approx(1));
    UnitTask balanced = on_a_line({3, 3, 3, 3, 1, 1, 1, 1}), equal = on_a_line({3, 3, 3, 3, 1, 1, 1, 1});
    balanced.class_weights = ClassWeights::balanced;  // as many units of each class: nothing to make up for
    CHECK(classify_units(classifier, balanced, {}) == classify_units(classifier, equal, {}));
  }
}

TEST_CASE("units weigh as often as the net is shown them, and that is said") {
  const Split split = two_classes(4);
  const RunContext context;
  const TrainView train = split.train();
  const TestView test = split.test();
  const Preparation preparation = fit_preparation(context, train, {.min_cells_per_gene = 0, .genes = {.select = "all", .n = 0}});
  BaselineRequest request{
      .context = context, .train = train, .asked = test, .preparation = preparation, .covariates = {"day"}, .cell_type = {}};
  request.classifiers = {"logistic", "knn", "mlp"};
  const auto plain = predict_baselines(request, kAll);
  std::vector<std::string> names;
  for (const auto& said : plain) {
    names.push_back(said.name);
    CHECK(said.how.find("weigh") == std::string::npos);
    if (said.name.starts_with("pseudobulk")) CHECK(share_right(test, said) > 0.99);
  }
  CHECK(names ==
        std::vector<std::string>{"majority", "covariates", "pseudobulk", "pseudobulk kNN", "pseudobulk MLP", "cells", "pca"});
  request.sampling = {.balance = {.kind = "oversample-disease"}, .tissue = {}, .class_weights = ClassWeights::equal};
  for (const auto& said : predict_baselines(request, {"pseudobulk"})) {
    CHECK(said.how.find("units weigh as the net's oversample-disease shows them") != std::string::npos);
    CHECK(share_right(test, said) > 0.99);
  }
}
