#include <cellverdict/train/objective.h>

#include <doctest/doctest.h>

#include <cmath>

using namespace cellverdict;

namespace {

const std::vector<ModelHead> kHeads = {{.label = "genotype", .classes = {"a", "b"}, .weight = 1},
                                       {.label = "day", .classes = {"0", "2", "4"}, .weight = 0.3}};

double logistic(double z) {
  return 1 / (1 + std::exp(-z));
}

}  // namespace

TEST_CASE("the combined loss is the label's cross-entropy plus the weighted one of the extra head") {
  const std::vector<torch::Tensor> logits = {torch::tensor({0.5F, -2.0F}).view({2, 1}),
                                             torch::tensor({1.0F, 0.0F, 0.0F, 0.0F, 3.0F, 0.0F}).view({2, 3})};
  const double label = -(std::log(logistic(0.5)) + std::log(1 - logistic(-2))) / 2;
  const double day = -(std::log(std::exp(1.0) / (std::exp(1.0) + 2)) + std::log(1 / (std::exp(3.0) + 2))) / 2;
  CHECK(combined_loss(logits, {{1, 0}, {0, 2}}, kHeads, {}).item<double>() == doctest::Approx(label + 0.3 * day).epsilon(1e-5));
  // A cell without a day counts for the label alone.
  const double one_day = -std::log(std::exp(1.0) / (std::exp(1.0) + 2));
  CHECK(combined_loss(logits, {{1, 0}, {0, -1}}, kHeads, {}).item<double>() ==
        doctest::Approx(label + 0.3 * one_day).epsilon(1e-5));
  CHECK(combined_loss(logits, {{1, 0}, {-1, -1}}, kHeads, {}).item<double>() == doctest::Approx(label).epsilon(1e-5));
}

TEST_CASE("class weights give the weighted mean that the library's own cross-entropy gives") {
  const torch::Tensor three = torch::tensor({1.0F, 0.0F, 0.5F, 0.0F, 3.0F, -1.0F, 0.2F, 0.1F, 0.0F}).view({3, 3});
  const std::vector<ModelHead> head = {{.label = "day", .classes = {"0", "2", "4"}, .weight = 1}};
  const double expected =
      torch::cross_entropy_loss(three, torch::tensor({0, 2, 2}, torch::kInt64), torch::tensor({0.5F, 1.0F, 3.0F})).item<double>();
  CHECK(combined_loss({three}, {{0, 2, 2}}, head, {0.5, 1, 3}).item<double>() == doctest::Approx(expected).epsilon(1e-6));
}

TEST_CASE("probabilities are softmax and sigmoid, also of logits too large for a plain exponential") {
  HeadProbabilities two, three;
  append_probabilities(torch::tensor({0.0F, 800.0F, -800.0F}).view({3, 1}), 2, two);
  CHECK(two == HeadProbabilities{0.5, 0.5, 0, 1, 1, 0});
  append_probabilities(torch::tensor({1000.0F, 1000.0F, 0.0F}).view({1, 3}), 3, three);
  CHECK(three == HeadProbabilities{0.5, 0.5, 0});
}

TEST_CASE("a side is measured over the cells that have a class of each head") {
  const EpochMetrics m = measure_side({{0.2, 0.8, 0.6, 0.4}, {0.5, 0.25, 0.25, 1, 0, 0}}, {{1, 1}, {0, -1}}, kHeads, 1);
  CHECK(m.accuracy == 0.5);
  CHECK_FALSE(m.auc.has_value());  // one class only
  CHECK(m.loss == doctest::Approx(-(std::log(0.8) + std::log(0.4)) / 2 + 0.3 * std::log(2.0)));
}
