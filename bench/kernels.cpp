// Times the sparse kernels beside LibTorch's dense products, and the dropout beside LibTorch's, in one process and in turns, and
// prints the seconds as JSON for bench/kernels.py.
//
//   bench_kernels ROUNDS THREADS [CELLS GENES WIDTH DENSITY…]

#include "clock.h"

#include <cellverdict/base/random.h>
#include <cellverdict/nets/dropout.h>
#include <cellverdict/sparse/csr_dense.h>

#include <torch/torch.h>

#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace cellverdict;

struct Contest {
  std::string name;
  std::string peer;
  std::function<void()> ours, theirs;
  std::function<double()> difference;  // of the two results, relative
};

std::string list(const std::vector<Time>& times, double Time::* which) {
  std::string text = "[";
  for (const auto& t : times) text += (text.size() > 1 ? ", " : "") + std::to_string(t.*which);
  return text + "]";
}

void run(const Contest& contest, int rounds, double density, bool last) {
  std::vector<Time> ours, theirs;
  for (int round = -1; round < rounds; ++round) {  // the first warms up
    for (auto* side : {&ours, &theirs}) {
      const Time begin = now();
      (side == &ours ? contest.ours : contest.theirs)();
      const Time end = now();
      if (round >= 0) side->push_back({end.wall - begin.wall, end.cpu - begin.cpu});
    }
  }
  std::printf(R"( {"name": "%s", "peer": "%s", "density": %g, "difference": %.2g,)", contest.name.c_str(), contest.peer.c_str(),
              density, contest.difference());
  std::printf("\n  \"ours\": %s, \"ours_cpu\": %s,\n", list(ours, &Time::wall).c_str(), list(ours, &Time::cpu).c_str());
  std::printf("  \"theirs\": %s, \"theirs_cpu\": %s}%s\n", list(theirs, &Time::wall).c_str(), list(theirs, &Time::cpu).c_str(),
              last ? "" : ",");
  std::fflush(stdout);
}

double largest(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

void products(int rounds, int n_threads, std::int64_t n, std::int64_t n_genes, std::int64_t h, double density) {
  CsrBlock x;
  Random random(1, "bench cells");
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t g = 0; g < n_genes; ++g)
      if (random.uniform() < density) x.push(static_cast<std::int32_t>(g), static_cast<float>(random.uniform()));
    x.end_row();
  }
  torch::Tensor dense = torch::empty({n, n_genes});
  const auto span = [](torch::Tensor& t) { return std::span<float>(t.data_ptr<float>(), static_cast<std::size_t>(t.numel())); };
  csr_to_dense(x, n_genes, span(dense));
  torch::Tensor w = torch::randn({n_genes, h}), dy = torch::randn({n, h});
  torch::Tensor y = torch::empty({n, h}), y_dense = torch::empty({n, h});
  torch::Tensor gradient = torch::empty({n_genes, h}), gradient_dense = torch::empty({n_genes, h});
  run({"sparse_forward", "LibTorch, dense", [&] { csr_times_dense(x, span(w), h, span(y), n_threads); },
       [&] { torch::mm_out(y_dense, dense, w); }, [&] { return largest(y, y_dense); }},
      rounds, density, false);
  run({"sparse_weight_gradient", "LibTorch, dense", [&] { csr_transposed_times_dense(x, span(dy), h, span(gradient), n_threads); },
       [&] { torch::mm_out(gradient_dense, dense.t(), dy); }, [&] { return largest(gradient, gradient_dense); }},
      rounds, density, false);
}

// Activation, dropout and their gradients, as a hidden layer of 512 has them.
void dropout(int rounds) {
  const torch::Tensor x = torch::randn({256, 512}).requires_grad_(), dy = torch::randn({256, 512});
  const auto backward = [&](const torch::Tensor& y) {
    x.mutable_grad().reset();
    y.backward(dy);
  };
  constexpr int kSteps = 50;
  torch::Tensor ours, theirs;
  run({"relu_dropout", "LibTorch, relu and dropout",
       [&] {
         for (int step = 0; step < kSteps; ++step) backward(ours = relu_dropout(x, 0.3, static_cast<std::uint64_t>(step)));
       },
       [&] {
         for (int step = 0; step < kSteps; ++step) backward(theirs = torch::dropout(torch::relu(x), 0.3, true));
       },
       [&] {
         return std::abs((ours == 0).to(torch::kFloat64).mean().item<double>() -
                         (theirs == 0).to(torch::kFloat64).mean().item<double>());
       }},
      rounds, 1, true);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, const char* otherwise) { return argc > i ? argv[i] : otherwise; };
  const int rounds = std::atoi(argument(1, "7")), n_threads = std::atoi(argument(2, "2"));
  const std::int64_t n = std::atoll(argument(3, "2048")), n_genes = std::atoll(argument(4, "20000")),
                     h = std::atoll(argument(5, "512"));
  torch::set_num_threads(n_threads);
  std::printf("[\n");
  if (argc <= 6) products(rounds, n_threads, n, n_genes, h, 0.06);
  for (int a = 6; a < argc; ++a) products(rounds, n_threads, n, n_genes, h, std::atof(argv[a]));
  dropout(rounds);
  std::printf("]\n");
}
