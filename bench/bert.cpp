// BERT of the shape of Geneformer, timed for bench/bert.py; prints JSON lines.
//
//   bench_bert inference FOLDER BATCHES THREADS RUNS OUT   logits of all batches; float32 [sequences, labels] into OUT
//   bench_bert finetune FOLDER BATCHES THREADS STEPS       forward, backward and AdamW of a classifier on the first batch
//   bench_bert lengths FOLDER TOKENS THREADS               inference of 8 sequences of TOKENS tokens each, twice
//
//   bench_bert int8 LAYERS WIDTH TOKENS THREADS RUNS       inference of 8 sequences, in float32 and in 8 bits, in turns
//
// BATCHES: int64 numbers: batches; of each its sequences, where they begin and the tokens.

#include <cellverdict/base/random.h>
#include <cellverdict/nets/bert_int8.h>
#include <cellverdict/train/bert_folder.h>
#include <cellverdict/train/optimizer.h>

#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "clock.h"

namespace {

using namespace cellverdict;

void say(const Time& before, std::int64_t tokens) {
  const Time after = now();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("{\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"tokens\": %lld, \"megabytes\": %.0f}\n", after.wall - before.wall,
              after.cpu - before.cpu, static_cast<long long>(tokens), static_cast<double>(used.ru_maxrss) / 1024);
  std::fflush(stdout);
}

std::vector<TokenBatch> read_batches(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const auto number = [&] {
    std::int64_t x = 0;
    in.read(reinterpret_cast<char*>(&x), sizeof x);
    return x;
  };
  const auto numbers = [&](std::int64_t n) {
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < n; ++i) out.push_back(number());
    return out;
  };
  std::vector<TokenBatch> batches(static_cast<std::size_t>(number()));
  for (auto& batch : batches) {
    const auto offsets = numbers(number() + 1);
    batch = make_token_batch(numbers(offsets.back()), offsets);
  }
  return batches;
}

int inference(std::span<char*> words) {
  if (words.size() != 5) return 2;
  torch::set_num_threads(std::atoi(words[2]));
  const auto net = open_bert(words[0], {}).net;
  const auto batches = read_batches(words[1]);
  net->eval();
  const torch::NoGradGuard no_gradient;
  std::vector<torch::Tensor> logits;
  for (int run = 0; run < std::atoi(words[3]); ++run) {
    logits.clear();
    std::int64_t tokens = 0;
    const Time before = now();
    for (const auto& batch : batches) {
      logits.push_back(net->forward(batch, 0));
      tokens += batch.tokens.size(0);
    }
    say(before, tokens);
  }
  const torch::Tensor all = torch::cat(logits).contiguous();
  std::ofstream(words[4], std::ios::binary)
      .write(static_cast<const char*>(all.const_data_ptr()), static_cast<std::streamsize>(all.nbytes()));
  return 0;
}

int finetune(std::span<char*> words) {
  if (words.size() != 4) return 2;
  torch::set_num_threads(std::atoi(words[2]));
  const auto net = open_bert(words[0], {}).net;
  const TokenBatch batch = read_batches(words[1]).front();
  const auto adam = make_optimizer({.optimizer = "adamw", .learning_rate = 5e-5, .weight_decay = 1e-3}, net->parameters());
  net->train();
  const torch::Tensor truth = torch::arange(batch.n_sequences()) % 3;
  for (int step = 0; step < std::atoi(words[3]); ++step) {
    const Time before = now();
    adam->zero_grad();
    torch::cross_entropy_loss(net->forward(batch, static_cast<std::uint64_t>(step)), truth).backward();
    adam->step();
    say(before, batch.tokens.size(0));
  }
  return 0;
}

TokenBatch eight_of(std::int64_t n) {
  std::vector<std::int64_t> tokens, offsets = {0};
  Random random(1, "lengths");
  for (int sequence = 0; sequence < 8; ++sequence) {
    for (std::int64_t t = 0; t < n; ++t) tokens.push_back(2 + static_cast<std::int64_t>(random.below(20000)));
    offsets.push_back(std::ssize(tokens));
  }
  return make_token_batch(tokens, offsets);
}

int lengths(std::span<char*> words) {
  if (words.size() != 3) return 2;
  torch::set_num_threads(std::atoi(words[2]));
  const auto net = open_bert(words[0], {}).net;
  const TokenBatch batch = eight_of(std::atoll(words[1]));
  net->eval();
  const torch::NoGradGuard no_gradient;
  for (int run = 0; run < 2; ++run) {
    const Time before = now();
    net->forward(batch, 0);
    say(before, batch.tokens.size(0));
  }
  return 0;
}

int int8(std::span<char*> words) {
  if (words.size() != 5) return 2;
  torch::set_num_threads(std::atoi(words[3]));
  const std::int64_t width = std::atoll(words[1]);
  const BertConfig config{.vocabulary = 20275,
                          .width = width,
                          .layers = std::atoll(words[0]),
                          .heads = width / 64,
                          .feed_forward = width > 256 ? 4 * width : 2 * width,
                          .positions = 4096,
                          .task = BertTask::sequence,
                          .labels = {"a", "b", "c"}};
  Bert net(config, 1);
  const Int8Bert small(config, round_weights(net));
  const TokenBatch batch = eight_of(std::atoll(words[2]));
  net.eval();
  const torch::NoGradGuard no_gradient;
  for (int run = 0; run <= std::atoi(words[4]); ++run) {
    const Time first = now();
    const torch::Tensor exact = net.encode(batch, 0);
    const Time second = now();
    const torch::Tensor near = small.encode(batch);
    const Time third = now();
    std::printf("{\"seconds\": %.4f, \"float_seconds\": %.4f, \"cpu_seconds\": %.4f, \"float_cpu_seconds\": %.4f, \"off\": %.4f}\n",
                third.wall - second.wall, second.wall - first.wall, third.cpu - second.cpu, second.cpu - first.cpu,
                ((near - exact).norm() / exact.norm()).item<double>());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  const std::span<char*> rest(words + std::min(count, 2), static_cast<std::size_t>(std::max(0, count - 2)));
  if (what == "inference") return inference(rest);
  if (what == "finetune") return finetune(rest);
  if (what == "lengths") return lengths(rest);
  if (what == "int8") return int8(rest);
  return 2;
}
