// Every metric against its scikit-learn counterpart on the same numbers, and the answers for inputs scikit-learn has none for.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/metrics.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "stats/truth_script.h"

using namespace cellverdict;

namespace {

constexpr double kTolerance = 1e-9;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool near(double a, double b) {
  return a == b || std::abs(a - b) <= kTolerance;
}

struct Case {
  explicit Case(const nlohmann::json& json)
      : truth(json["truth"].get<std::vector<std::int32_t>>()), probability(json["probability"].get<std::vector<double>>()) {
    input = {.truth = truth,
             .probability = probability,
             .n_classes = json["n_classes"].get<std::int64_t>(),
             .positive = json["positive"].get<std::int32_t>(),
             .threshold = json["threshold"].get<double>()};
    for (std::size_t i = 0; i < truth.size(); ++i) {
      positive.push_back(truth[i] == input.positive);
      scores.push_back(probability[i * static_cast<std::size_t>(input.n_classes) + static_cast<std::size_t>(input.positive)]);
    }
  }
  std::vector<std::int32_t> truth;
  std::vector<double> probability;
  ClassificationInput input;
  std::vector<std::uint8_t> positive;
  std::vector<double> scores;
};

void check_curve(const nlohmann::json& expected, const std::vector<RocPoint>& curve) {
  REQUIRE_MESSAGE(curve.size() == expected.size(), "sklearn.metrics.roc_curve(drop_intermediate=True)");
  for (std::size_t i = 0; i < curve.size(); ++i) {
    CHECK_MESSAGE(near(curve[i].false_positive_rate, expected[i][0].get<double>()), "sklearn.metrics.roc_curve fpr ", i);
    CHECK_MESSAGE(near(curve[i].true_positive_rate, expected[i][1].get<double>()), "sklearn.metrics.roc_curve tpr ", i);
    const double threshold = expected[i][2].is_null() ? kInfinity : expected[i][2].get<double>();
    CHECK_MESSAGE(curve[i].threshold == threshold, "sklearn.metrics.roc_curve threshold ", i);
  }
}

void check_precision_recall(const nlohmann::json& json, const Case& c) {
  const auto precision = average_precision(c.positive, c.scores);
  REQUIRE(precision.has_value() == !json["average_precision_score"].is_null());
  if (precision)
    CHECK_MESSAGE(near(*precision, json["average_precision_score"].get<double>()), "sklearn.metrics.average_precision_score");
  const auto curve = precision_recall_curve(c.positive, c.scores);
  const auto& expected = json["precision_recall_curve"];
  REQUIRE_MESSAGE(curve.size() == expected.size(), "sklearn.metrics.precision_recall_curve");
  for (std::size_t i = 0; i < curve.size(); ++i) {
    CHECK_MESSAGE(near(curve[i].precision, expected[i][0].get<double>()), "sklearn.metrics.precision_recall_curve precision ", i);
    CHECK_MESSAGE(near(curve[i].recall, expected[i][1].get<double>()), "sklearn.metrics.precision_recall_curve recall ", i);
    CHECK(curve[i].threshold == (expected[i][2].is_null() ? kInfinity : expected[i][2].get<double>()));
  }
}

void check_classes(const nlohmann::json& json, const Case& c, const Classification& result) {
  const auto scores = class_scores(result);
  const auto areas = class_aucs(c.input);
  REQUIRE(scores.size() == static_cast<std::size_t>(c.input.n_classes));
  REQUIRE(areas.size() == scores.size());
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const auto& expected = json["per_class"];
    CHECK_MESSAGE(near(scores[k].precision, expected[0][k].get<double>()), "precision_recall_fscore_support");
    CHECK_MESSAGE(near(scores[k].recall, expected[1][k].get<double>()), "precision_recall_fscore_support");
    CHECK_MESSAGE(near(scores[k].f1, expected[2][k].get<double>()), "precision_recall_fscore_support");
    CHECK(static_cast<double>(scores[k].n_true) == expected[3][k].get<double>());
    REQUIRE(areas[k].has_value() == !json["class_aucs"][k].is_null());
    if (areas[k]) CHECK_MESSAGE(near(*areas[k], json["class_aucs"][k].get<double>()), "roc_auc_score of one class");
  }
  CHECK_MESSAGE(near(macro_f1(result), json["macro_f1"].get<double>()), "sklearn.metrics.f1_score macro");
  CHECK_MESSAGE(near(weighted_f1(result), json["weighted_f1"].get<double>()), "sklearn.metrics.f1_score weighted");
  CHECK_MESSAGE(near(matthews_correlation(result), json["matthews_corrcoef"].get<double>()), "sklearn.metrics.matthews_corrcoef");
  CHECK_MESSAGE(near(brier_score(c.input), json["brier_score_loss"].get<double>()), "sklearn.metrics.brier_score_loss");
  for (std::size_t k = 0; k < json["top_k"].size(); ++k)
    CHECK_MESSAGE(near(top_k_accuracy(c.input, static_cast<std::int64_t>(k) + 1), json["top_k"][k].get<double>()),
                  "sklearn.metrics.top_k_accuracy_score k ", k + 1);
  CHECK(top_k_accuracy(c.input, c.input.n_classes) == 1);
}

}  // namespace

TEST_CASE("every metric equals its scikit-learn counterpart to 1e-9") {
  const auto cases = truth_of("make_metrics_truth.py");
  if (!cases) return;
  REQUIRE(cases->size() > 300);
  int n_whole = 0;
  for (const auto& json : *cases) {
    const Case c(json);
    const auto name = json["name"].get<std::string>();
    CAPTURE(name);
    const Classification result = classify(c.input);
    CHECK(result.n == static_cast<std::int64_t>(c.truth.size()));
    CHECK_MESSAGE(predicted_classes(c.input) == json["predicted"].get<std::vector<std::int32_t>>(), "numpy argmax or threshold");
    CHECK_MESSAGE(result.confusion == json["confusion_matrix"].get<std::vector<std::int64_t>>(),
                  "sklearn.metrics.confusion_matrix");
    CHECK_MESSAGE(near(result.loss, json["log_loss"].get<double>()), "sklearn.metrics.log_loss");
    CHECK_MESSAGE(near(result.accuracy, json["accuracy_score"].get<double>()), "sklearn.metrics.accuracy_score");
    CHECK_MESSAGE(near(result.balanced_accuracy, json["balanced_accuracy_score"].get<double>()),
                  "sklearn.metrics.balanced_accuracy_score");
    CHECK_MESSAGE(near(result.f1, json["f1_score"].get<double>()), "sklearn.metrics.f1_score");
    CHECK_MESSAGE(result.auc.has_value() == !json["roc_auc_score"].is_null(), "sklearn.metrics.roc_auc_score defined");
    if (result.auc && !json["roc_auc_score"].is_null())
      CHECK_MESSAGE(near(*result.auc, json["roc_auc_score"].get<double>()), "sklearn.metrics.roc_auc_score");
    check_curve(json["roc_curve"], roc_curve(c.positive, c.scores));
    if (!json.contains("macro_f1")) continue;
    ++n_whole;
    check_precision_recall(json, c);
    check_classes(json, c, result);
  }
  CHECK(n_whole > 100);
}

TEST_CASE("the area under the curve of a million tied scores is exact") {
  // Two scores: positives 3/4 high, negatives 1/4 high. P(higher) + P(tie)/2 = 9/16 + 3/16.
  const std::size_t n = 1'000'000;
  std::vector<std::uint8_t> positive(n);
  std::vector<double> scores(n);
  for (std::size_t i = 0; i < n; ++i) {
    positive[i] = i % 2;
    scores[i] = (i / 2) % 4 == 0 ? (i % 2 ? 0.1 : 0.7) : (i % 2 ? 0.7 : 0.1);
  }
  CHECK(*roc_auc(positive, scores) == 0.75);
}

TEST_CASE("a monotone change of the scores leaves the area as it is, and turning them round mirrors it") {
  const std::vector<std::uint8_t> positive = {1, 0, 1, 1, 0, 0, 1};
  const std::vector<double> scores = {0.9, 0.2, 0.4, 0.4, 0.4, 0.6, -3};
  std::vector<double> cubed, mirrored;
  for (const double s : scores) {
    cubed.push_back(s * s * s);
    mirrored.push_back(-s);
  }
  CHECK(*roc_auc(positive, cubed) == *roc_auc(positive, scores));
  CHECK(*roc_auc(positive, mirrored) == doctest::Approx(1 - *roc_auc(positive, scores)).epsilon(1e-15));
}

TEST_CASE("positive and negative zero tie") {
  CHECK(*roc_auc(std::vector<std::uint8_t>{1, 0}, std::vector<double>{0.0, -0.0}) == 0.5);
}

TEST_CASE("without positives, negatives or anything there is no area and no curve") {
  for (const auto& positive : {std::vector<std::uint8_t>{}, {0, 0}, {1, 1}}) {
    const std::vector<double> scores(positive.size(), 0.3);
    CHECK_FALSE(roc_auc(positive, scores));
    CHECK(roc_curve(positive, scores).empty());
    const bool some = std::find(positive.begin(), positive.end(), 1) != positive.end();
    CHECK(average_precision(positive, scores).has_value() == some);
    CHECK(precision_recall_curve(positive, scores).empty() == !some);
  }
}

TEST_CASE("equal largest probabilities go to the lower class") {
  const std::vector<std::int32_t> truth = {2};
  const std::vector<double> probability = {0.2, 0.4, 0.4};
  CHECK(predicted_classes({.truth = truth, .probability = probability, .n_classes = 3}) == std::vector<std::int32_t>{1});
}

TEST_CASE("a score equal to the threshold is positive") {
  const std::vector<std::int32_t> truth = {0};
  const std::vector<double> probability = {0.7, 0.3};
  CHECK(predicted_classes({.truth = truth, .probability = probability, .threshold = 0.3}) == std::vector<std::int32_t>{1});
  CHECK(predicted_classes({.truth = truth, .probability = probability, .positive = 0, .threshold = 0.7}) ==
        std::vector<std::int32_t>{0});
}

TEST_CASE("scores and probabilities that are not numbers are refused, not ranked") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::uint8_t> positive = {0, 1};
  CHECK_THROWS_AS(roc_auc(positive, std::vector<double>{0.1, nan}), DataError);
  CHECK_THROWS_AS(roc_curve(positive, std::vector<double>{nan, 0.1}), DataError);
  const std::vector<std::int32_t> truth = {0, 1};
  const auto score = [&](const std::vector<double>& p) { return classify({.truth = truth, .probability = p}); };
  CHECK_THROWS_AS(score({nan, nan, 0.5, 0.5}), DataError);
  CHECK_THROWS_AS(score({1.5, -0.5, 0.5, 0.5}), DataError);
  CHECK_THROWS_WITH_AS(score({0.5, 0.5, 0.5, -0.1}),
                       "classification metrics: found a probability of -0.100000 (observation 1), expected 0 to 1; the model has "
                       "diverged or its input holds missing values.",
                       DataError);
}

TEST_CASE("sizes and classes that do not fit are bugs, and nothing to measure is said") {
  const std::vector<std::int32_t> truth = {0, 1};
  const std::vector<double> probability = {0.5, 0.5, 0.5, 0.5};
  CHECK_THROWS_AS(roc_auc(std::vector<std::uint8_t>{0, 1}, std::vector<double>{0.1}), InternalError);
  CHECK_THROWS_AS(classify({.truth = truth, .probability = probability, .n_classes = 3}), InternalError);
  CHECK_THROWS_AS(classify({.truth = truth, .probability = probability, .positive = 2}), InternalError);
  const std::vector<std::int32_t> outside = {0, 2};
  CHECK_THROWS_AS(classify({.truth = outside, .probability = probability}), InternalError);
  CHECK_THROWS_AS(classify({}), DataError);
  CHECK_THROWS_AS(brier_score({}), DataError);
  CHECK_THROWS_AS(top_k_accuracy({}, 1), DataError);
  CHECK_THROWS_AS(top_k_accuracy({.truth = truth, .probability = probability}, 0), InternalError);
}
