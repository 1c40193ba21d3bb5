#include <cellverdict/train/optimizer.h>

#include <doctest/doctest.h>

using namespace cellverdict;

namespace {

TrainOptions options(const std::string& name, double weight_decay = 0, double epsilon = 1e-8) {
  TrainOptions o;
  o.optimizer = name;
  o.learning_rate = 1e-2;
  o.weight_decay = weight_decay;
  o.adam_epsilon = epsilon;
  return o;
}

std::vector<torch::Tensor> parameters() {
  torch::manual_seed(5);
  std::vector<torch::Tensor> all;
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{30, 41}, {41}, {1}})
    all.push_back(torch::randn(shape).requires_grad_());
  return all;
}

// Steps on gradients that are the same for the same parameters; the last parameter gets one every other step.
void walk(torch::optim::Optimizer& optimizer, std::vector<torch::Tensor>& all, int steps) {
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    torch::Tensor loss = (all[0].sin() * (1 + step % 3)).sum() + (all[1] * all[1]).sum();
    if (step % 2 == 0) loss = loss + all[2].exp().sum();
    loss.backward();
    optimizer.step();
  }
}

template <class Library, class LibraryOptions>
void check_as_library(const std::string& name, double weight_decay) {
  auto ours = parameters(), theirs = parameters();
  const auto optimizer = make_optimizer(options(name, weight_decay), ours);
  LibraryOptions options(1e-2);
  options.weight_decay(weight_decay);
  if constexpr (std::is_same_v<LibraryOptions, torch::optim::SGDOptions>) options.momentum(0.9);
  Library library(theirs, options);
  walk(*optimizer, ours, 40);
  walk(library, theirs, 40);
  INFO(name, " ", weight_decay);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CHECK(torch::allclose(ours[i], theirs[i], 1e-4, 1e-5));
    CHECK_FALSE(torch::allclose(ours[i], parameters()[i], 1e-2, 1e-2));
  }
}

}  // namespace

TEST_CASE("a step in one pass is the library's Adam and AdamW, also where a parameter has no gradient in some steps") {
  for (const double weight_decay : {0.0, 0.1}) {
    check_as_library<torch::optim::Adam, torch::optim::AdamOptions>("adam", weight_decay);
    check_as_library<torch::optim::AdamW, torch::optim::AdamWOptions>("adamw", weight_decay);
    check_as_library<torch::optim::SGD, torch::optim::SGDOptions>("sgd", weight_decay);
  }
}

TEST_CASE("the epsilon of [train] is the one Adam and AdamW step with") {
  for (const char* name : {"adam", "adamw"}) {
    auto ours = parameters(), theirs = parameters(), other = parameters();
    walk(*make_optimizer(options(name, 0, 0.5), ours), ours, 10);
    walk(*make_optimizer(options(name), other), other, 10);
    if (std::string(name) == "adam") {
      torch::optim::Adam library(theirs, torch::optim::AdamOptions(1e-2).eps(0.5));
      walk(library, theirs, 10);
    } else {
      torch::optim::AdamW library(theirs, torch::optim::AdamWOptions(1e-2).eps(0.5).weight_decay(0));
      walk(library, theirs, 10);
    }
    CHECK(torch::allclose(ours[0], theirs[0], 1e-4, 1e-5));
    CHECK_FALSE(torch::allclose(ours[0], other[0], 1e-3, 1e-3));
  }
}

TEST_CASE("any number of LibTorch's threads steps to the same bytes") {
  const int before = torch::get_num_threads();
  std::vector<torch::Tensor> large[2];
  for (int k = 0; k < 2; ++k) {
    torch::set_num_threads(k == 0 ? 1 : 4);
    torch::manual_seed(1);
    large[k] = {torch::randn({400, 301}).requires_grad_()};
    const auto optimizer = make_optimizer(options("adam"), large[k]);
    for (int step = 0; step < 3; ++step) {
      optimizer->zero_grad();
      large[k][0].sin().sum().backward();
      optimizer->step();
    }
  }
  torch::set_num_threads(before);
  CHECK(torch::equal(large[0][0], large[1][0]));
}
