#include <cellverdict/base/error.h>
#include <cellverdict/train/loss.h>
#include <cellverdict/train/schedule.h>

#include <doctest/doctest.h>

#include <cmath>

using namespace cellverdict;

namespace {

const torch::Tensor kLogits =
    torch::tensor({{1.0, -0.5, 0.25}, {0.0, 2.0, -1.0}, {-1.0, 0.5, 3.0}, {0.3, 0.2, 0.1}}, torch::kFloat64);
const torch::Tensor kTarget = torch::tensor({0, 1, 0, 2}, torch::kInt64);

double value_of(const torch::Tensor& t) {
  return t.item<double>();
}

}  // namespace

TEST_CASE("a focal loss of γ = 0 is the cross-entropy, and one of γ = 2 counts easy cells less") {
  const auto entropy = losses_of_cells({}, kLogits, kTarget);
  CHECK(torch::allclose(entropy, torch::cross_entropy_loss(kLogits, kTarget, {}, at::Reduction::None)));
  CHECK(torch::allclose(losses_of_cells({.kind = "focal", .focal_gamma = 0}, kLogits, kTarget), entropy));
  const auto p = torch::softmax(kLogits, 1).gather(1, kTarget.view({-1, 1})).view({-1});
  const auto focal = losses_of_cells({.kind = "focal", .focal_gamma = 2, .focal_alpha = 0.25}, kLogits, kTarget);
  CHECK(torch::allclose(focal, -0.25 * (1 - p) * (1 - p) * p.log()));
}

TEST_CASE("of two classes with one logit every loss is what it is with two") {
  const auto one = torch::tensor({{0.7}, {-1.2}, {0.1}}, torch::kFloat64);
  const auto two = torch::cat({torch::zeros_like(one), one}, 1);
  const auto target = torch::tensor({1, 0, 0}, torch::kInt64);
  for (const char* kind : {"cross-entropy", "focal"})
    CHECK(torch::allclose(losses_of_cells({.kind = kind}, one, target), losses_of_cells({.kind = kind}, two, target)));
  CHECK(torch::allclose(losses_of_cells({.kind = "bce"}, one, target), losses_of_cells({}, one, target)));
  const auto weight = torch::tensor({1.0, 2.0, 0.5}, torch::kFloat64);
  CHECK(value_of(dice_loss(one, target, weight)) == doctest::Approx(value_of(dice_loss(two, target, weight))));
}

TEST_CASE("one class against the rest is the sum of sigmoid cross-entropies") {
  const auto y = torch::one_hot(kTarget, 3).to(torch::kFloat64), p = torch::sigmoid(kLogits);
  const auto expected = -(y * p.log() + (1 - y) * (1 - p).log()).sum(1);
  CHECK(torch::allclose(losses_of_cells({.kind = "bce"}, kLogits, kTarget), expected));
}

TEST_CASE("Dice is zero for sure right answers, and a cell of weight zero does not count") {
  const auto sure = 60 * (torch::one_hot(kTarget, 3).to(torch::kFloat64) - 0.5);
  const auto ones = torch::ones({4}, torch::kFloat64);
  CHECK(value_of(dice_loss(sure, kTarget, ones)) == doctest::Approx(0).epsilon(1e-9));
  double sum = 0;
  const auto p = torch::softmax(kLogits, 1);
  for (int c = 0; c < 3; ++c) {
    double both = 0, all = 0;
    for (int i = 0; i < 4; ++i) {
      const double q = value_of(p[i][c]), y = kTarget[i].item<std::int64_t>() == c ? 1 : 0;
      both += q * y;
      all += q + y;
    }
    sum += (2 * both + 1) / (all + 1);
  }
  CHECK(value_of(dice_loss(kLogits, kTarget, ones)) == doctest::Approx(1 - sum / 3));
  const auto three = torch::tensor({1.0, 1.0, 1.0, 0.0}, torch::kFloat64);
  CHECK(value_of(dice_loss(kLogits, kTarget, three)) ==
        doctest::Approx(value_of(dice_loss(kLogits.narrow(0, 0, 3), kTarget.narrow(0, 0, 3), ones.narrow(0, 0, 3)))));
}

// transformers 4.46.3, get_scheduler(name, AdamW(lr=5e-5), num_warmup_steps=4, num_training_steps=20): share of the rate at steps
// 0, 2, 4, 11, 19.
TEST_CASE("learning rates are those of transformers' schedules") {
  const std::uint64_t steps[] = {0, 2, 4, 11, 19};
  const auto check = [&](const char* schedule, const std::vector<double>& expected) {
    TrainOptions o;
    o.learning_rate = 5e-5;
    o.schedule = schedule;
    o.warmup = 4;
    for (std::size_t k = 0; k < expected.size(); ++k)
      CHECK(schedule_factor(o, steps[k], 20) == doctest::Approx(expected[k]).epsilon(1e-9));
  };
  check("linear", {0, 0.5, 1, 0.5625, 0.0625});
  check("polynomial", {0, 0.5, 1, 0.563375, 0.064375});
  check("cosine", {0, 0.5, 1, 0.597545161008, 0.00960735979838});
  check("constant", {0, 0.5, 1, 1, 1});
}

TEST_CASE("a warm-up longer than the training is refused, with one that fits") {
  TrainOptions o;
  o.warmup = 500;
  o.schedule = "linear";
  CHECK_THROWS_WITH_AS(check_schedule(o, 300), doctest::Contains("warmup = 30"), UsageError);
  CHECK_NOTHROW(check_schedule(o, 501));
}
