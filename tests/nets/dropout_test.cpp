#include <cellverdict/nets/dropout.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace cellverdict;

namespace {

torch::Tensor numbers() {
  torch::manual_seed(3);
  return torch::randn({37, 211});
}

}  // namespace

TEST_CASE("relu and dropout in one pass give the bytes of relu, then dropout, and so do their gradients") {
  const torch::Tensor fused = numbers().requires_grad_(), apart = numbers().requires_grad_(), dy = torch::randn({37, 211});
  const torch::Tensor a = relu_dropout(fused, 0.3, 5), b = counter_dropout(torch::relu(apart), 0.3, 5);
  CHECK(torch::equal(a, b));
  a.backward(dy);
  b.backward(dy);
  CHECK(torch::equal(fused.grad(), apart.grad()));
  CHECK((fused.grad() == 0).to(torch::kFloat64).mean().item<double>() == doctest::Approx(1 - 0.5 * 0.7).epsilon(0.05));
  CHECK(torch::equal(relu_dropout(fused, 0, 5), torch::relu(fused)));
}

TEST_CASE("any number of LibTorch's threads drops the same elements") {
  const torch::Tensor x = torch::randn({300, 501});
  const int before = torch::get_num_threads();
  torch::set_num_threads(1);
  const torch::Tensor one = relu_dropout(x, 0.4, 17), one_apart = counter_dropout(x, 0.4, 17);
  torch::set_num_threads(4);
  CHECK(torch::equal(relu_dropout(x, 0.4, 17), one));
  CHECK(torch::equal(counter_dropout(x, 0.4, 17), one_apart));
  torch::set_num_threads(before);
}

TEST_CASE("what is not a number comes through, so that a training that diverges is seen") {
  const torch::Tensor x = torch::full({64}, std::numeric_limits<float>::quiet_NaN());
  CHECK(torch::isnan(relu_dropout(x, 0.3, 1)).any().item<bool>());
  CHECK(torch::isnan(counter_dropout(x, 0.3, 1)).any().item<bool>());
}

TEST_CASE("a view that is not contiguous is dropped as its copy is") {
  const torch::Tensor x = numbers();
  CHECK(torch::equal(relu_dropout(x.t(), 0.3, 5), relu_dropout(x.t().contiguous(), 0.3, 5)));
  CHECK(torch::equal(counter_dropout(x.t(), 0.3, 5), counter_dropout(x.t().contiguous(), 0.3, 5)));
}
