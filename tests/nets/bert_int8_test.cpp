#include <cellverdict/base/random.h>
#include <cellverdict/nets/bert_int8.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace cellverdict;

namespace {

TokenBatch few_tokens(const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> tokens, offsets = {0};
  Random random(1, "int8 tokens");
  for (const std::int64_t n : lengths) {
    for (std::int64_t t = 0; t < n; ++t) tokens.push_back(2 + static_cast<std::int64_t>(random.below(200)));
    offsets.push_back(std::ssize(tokens));
  }
  return make_token_batch(tokens, offsets);
}

}  // namespace

TEST_CASE("a linear layer of 8 bits is that of its rounded weights and inputs, whatever the sizes") {
  Random random(3, "int8");
  for (const auto& [out, in, rows] : std::vector<std::array<std::int64_t, 3>>{{1, 1, 1}, {32, 64, 8}, {33, 70, 75}, {100, 3, 9}}) {
    CAPTURE(out);
    const auto draw = [&](std::int64_t n) {
      std::vector<float> values;
      for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<float>(2 * random.uniform() - 0.7));
      return values;
    };
    const std::vector<float> weights = draw(out * in), x = draw(rows * in), bias = draw(out);
    const Int8Rows rounded = round_rows(weights.data(), out, in);
    std::vector<float> y(static_cast<std::size_t>(rows * out));
    Int8Linear(rounded, bias).multiply(x.data(), rows, y.data());
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* row = x.data() + r * in;
      const float least = *std::min_element(row, row + in), scale = (*std::max_element(row, row + in) - least) / 255;
      for (std::int64_t o = 0; o < out; ++o) {
        double sum = bias[o], bound = 1e-5;
        for (std::int64_t i = 0; i < in; ++i) {
          const double weight = rounded.scales[o] * static_cast<double>(rounded.values[o * in + i]);
          CHECK(std::abs(weight - weights[o * in + i]) <= 0.501 * rounded.scales[o]);
          sum += weight * row[i];
          bound += std::abs(weight) * scale * 0.501;
        }
        CHECK(std::abs(y[r * out + o] - sum) <= bound);
      }
    }
  }
}

TEST_CASE("what is not a number is not hidden by rounding") {
  const std::vector<float> weights = {1, 2, 3, 4};
  const Int8Linear linear(round_rows(weights.data(), 2, 2), {0, 0});
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::vector<float> x = {1, wrong, 1, 2};
    std::vector<float> y(4);
    linear.multiply(x.data(), 2, y.data());
    CHECK(std::isnan(y[0]));
    CHECK(y[2] == doctest::Approx(5).epsilon(0.02));
  }
}

TEST_CASE("a BERT of 8 bits says nearly the same, and of a sequence nothing that depends on those beside it") {
  for (const BertTask task : {BertTask::masked, BertTask::sequence, BertTask::tokens}) {
    BertConfig config{.vocabulary = 202, .width = 64, .layers = 3, .heads = 2, .feed_forward = 128, .positions = 300, .task = task};
    if (task != BertTask::masked) config.labels = {"a", "b", "c"};
    config.initial_deviation = 0.1;
    Bert net(config, 4);
    net.eval();
    const Int8Bert small(config, round_weights(net));
    const TokenBatch both = few_tokens({90, 300}), one = few_tokens({90});
    const torch::NoGradGuard no_gradient;
    const torch::Tensor exact = net.forward(both, 0), near = small.forward(both);
    CHECK((near - exact).norm().item<double>() < 0.1 * exact.norm().item<double>());
    CHECK((near - exact).norm().item<double>() > 0);
    CHECK(torch::equal(small.encode(one), small.encode(both).narrow(0, 0, 90)));
    const torch::Tensor alone = small.forward(one);  // the classifier is LibTorch's, which adds up in another order for more rows
    CHECK((alone - near.narrow(0, 0, alone.size(0))).abs().max().item<double>() < 1e-5);
  }
}
