#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/nets/bert.h>

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "base/scratch_folder.h"
#include "train/python_check.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

BertConfig small_bert(BertTask task) {
  return {.vocabulary = 97,
          .width = 24,
          .layers = 2,
          .heads = 3,
          .feed_forward = 40,
          .positions = 150,
          .hidden_dropout = 0,
          .attention_dropout = 0,
          .initial_deviation = 0.2,
          .task = task,
          .labels = {"a", "b", "c"}};
}

TokenBatch tokens_of(const std::vector<std::int64_t>& lengths, std::int64_t vocabulary, std::uint64_t seed = 1) {
  std::vector<std::int64_t> tokens, offsets = {0};
  Random random(seed, "bert tokens");
  for (const std::int64_t n : lengths) {
    for (std::int64_t t = 0; t < n; ++t) tokens.push_back(2 + static_cast<std::int64_t>(random.below(vocabulary - 2)));
    offsets.push_back(std::ssize(tokens));
  }
  return make_token_batch(tokens, offsets);
}

const std::vector<std::int64_t> kMixed = {7, 150, 1, 64, 33};

double furthest(const torch::Tensor& a, const torch::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

// Weights, tokens, logits, loss and gradients, as a dictionary that torch.load reads.
void write_bert(const ScratchFolder& folder, const std::string& name, const BertConfig& config, std::int64_t activation) {
  Bert net(config, 11);
  {
    const torch::NoGradGuard no_gradient;  // zeros would hide a bias that is left out
    torch::manual_seed(3);
    for (auto& item : net.named_parameters()) item.value() += 0.05 * torch::randn(item.value().sizes());
  }
  const TokenBatch batch = tokens_of(kMixed, config.vocabulary);
  const torch::Tensor logits = net.forward(batch, 0);
  const auto n = static_cast<std::int64_t>(logits.size(0));
  torch::Tensor truth = torch::arange(n) % logits.size(1);
  if (config.task != BertTask::sequence) truth.index_put_({torch::arange(0, n, 3)}, -100);
  const torch::Tensor loss = torch::cross_entropy_loss(logits, truth);
  loss.backward();
  c10::Dict<std::string, torch::Tensor> all;
  for (const auto& item : net.named_parameters()) {
    all.insert("state." + item.key(), item.value().detach());
    all.insert("gradient." + item.key(), item.value().grad());
  }
  all.insert("tokens", batch.tokens);
  all.insert("offsets", torch::tensor(*batch.offsets));
  all.insert("truth", truth);
  all.insert("logits", logits.detach());
  all.insert("loss", loss.detach());
  all.insert("shape", torch::tensor({static_cast<std::int64_t>(config.task), activation, config.vocabulary, config.width,
                                     config.layers, config.heads, config.feed_forward, config.positions}));
  const std::vector<char> bytes = torch::pickle_save(all);
  std::ofstream file(folder / (name + ".pt"), std::ios::binary);
  file.write(bytes.data(), std::ssize(bytes));
}

struct Gradients {
  torch::Tensor out;
  std::map<std::string, torch::Tensor> of;
};

// Of one number made from all logits.
Gradients step_of(Bert& net, const TokenBatch& batch, std::uint64_t step) {
  net.zero_grad();
  const torch::Tensor logits = net.forward(batch, step);
  (logits * torch::cos(torch::arange(logits.numel()).to(torch::kFloat32).view(logits.sizes()))).sum().backward();
  Gradients out{.out = logits.detach()};
  for (const auto& item : net.named_parameters())
    if (item.value().grad().defined()) out.of[item.key()] = item.value().grad().clone();
  return out;
}

void check_same_bytes(const Gradients& a, const Gradients& b) {
  CHECK(torch::equal(a.out, b.out));
  REQUIRE(a.of.size() == b.of.size());
  for (const auto& [name, gradient] : a.of) {
    CAPTURE(name);
    CHECK(torch::equal(gradient, b.of.at(name)));
  }
}

}  // namespace

TEST_CASE("attention of mixed lengths, with its gradients and dropped shares, is that of softmax in double") {
  for (const std::int64_t head_width : {4, 64, 70})
    for (const double dropout : {0.0, 0.3}) {
      CAPTURE(head_width);
      CAPTURE(dropout);
      const std::int64_t heads = 2, width = heads * head_width;
      const auto offsets = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{0, 1, 131, 700, 717, 1300});
      torch::manual_seed(4);
      const torch::Tensor from = 1.5 * torch::randn({1300, 3 * width}), back = torch::randn({1300, width});
      const PackedAttention options{.heads = heads, .dropout = dropout, .key = 99};
      torch::Tensor x = from.clone().requires_grad_(), exact = from.to(torch::kFloat64).requires_grad_();
      const torch::Tensor y = packed_attention(x, offsets, options), truth = packed_attention(exact, offsets, options);
      y.backward(back);
      truth.backward(back.to(torch::kFloat64));
      CHECK(furthest(y, truth) < 2e-6 * truth.abs().max().item<double>());
      CHECK(furthest(x.grad(), exact.grad()) < 5e-6 * exact.grad().abs().max().item<double>());
      const torch::NoGradGuard no_gradient;
      CHECK(torch::equal(packed_attention(from, offsets, options), y));
    }
}

TEST_CASE("as many shares are dropped as asked, each as likely, and those kept make up for them") {
  for (const double dropout : {0.02, 0.5}) {
    const torch::Tensor mask = attention_mask({.heads = 3, .dropout = dropout, .key = 5}, 17, 400);
    const auto n = static_cast<double>(mask.numel());
    const double kept = (mask > 0).to(torch::kFloat64).mean().item<double>();
    CHECK(std::abs(kept - (1 - dropout)) < 5 * std::sqrt(dropout * (1 - dropout) / n) + 1.0 / 65536);
    CHECK(mask.to(torch::kFloat64).mean().item<double>() == doctest::Approx(1).epsilon(0.01));
    for (const std::int64_t axis : {0, 1, 2}) {  // no head, query or key is special
      const torch::Tensor share = (mask > 0).to(torch::kFloat64).transpose(0, axis).flatten(1).mean(1);
      CHECK((share - (1 - dropout)).abs().max().item<double>() <
            6 * std::sqrt(dropout * (1 - dropout) * static_cast<double>(share.size(0)) / n));
    }
  }
  CHECK_FALSE(torch::equal(attention_mask({.heads = 1, .dropout = 0.5, .key = 5}, 0, 50),
                           attention_mask({.heads = 1, .dropout = 0.5, .key = 6}, 0, 50)));
  // The mean over many masks is the output without dropout.
  torch::manual_seed(4);
  const torch::Tensor x = torch::randn({40, 24});
  const auto offsets = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{0, 25, 40});
  torch::Tensor sum = torch::zeros({40, 8});
  for (std::uint64_t key = 0; key < 2000; ++key)
    sum += packed_attention(x, offsets, {.heads = 2, .dropout = 0.2, .key = key * 7919});
  CHECK(furthest(sum / 2000, packed_attention(x, offsets, {.heads = 2})) < 0.06);
}

TEST_CASE("logits, loss and gradients of the three heads are those of transformers, padded and masked") {
  const ScratchFolder folder;
  const std::map<BertTask, std::string> tasks = {
      {BertTask::masked, "masked"}, {BertTask::sequence, "sequence"}, {BertTask::tokens, "tokens"}};
  for (const auto& [task, name] : tasks) {
    const std::vector<std::string> activations = {"relu", "gelu", "gelu_new"};
    for (std::size_t a = 0; a < activations.size(); ++a) {
      BertConfig config = small_bert(task);
      config.activation = activations[a];
      write_bert(folder, name + "-" + activations[a], config, static_cast<std::int64_t>(a));
    }
    BertConfig v1{.task = task, .labels = {"a", "b", "c"}};  // the shape of V1-10M, fewer tokens in the vocabulary
    v1.vocabulary = 300;
    v1.positions = 200;
    v1.hidden_dropout = v1.attention_dropout = 0;
    write_bert(folder, name + "-v1", v1, 0);
  }
  if (const auto status = check_in_python("nets/check_bert.py", folder / "")) CHECK(*status == 0);
}

TEST_CASE("V1-10M has 10,288,722 parameters, and with a classifier of three classes 10,263,555") {
  const auto count = [](const BertConfig& config) {
    std::int64_t n = 0;
    for (const auto& parameter : Bert(config, 1).parameters()) n += parameter.numel();
    return n;
  };
  CHECK(count({}) == 10'288'722);
  CHECK(count({.task = BertTask::sequence, .labels = {"a", "b", "c"}}) == 10'263'555);
}

TEST_CASE("sequences in another order have their logits in that order, and none depends on those beside it") {
  Bert net(small_bert(BertTask::sequence), 3);
  net.eval();
  const torch::NoGradGuard no_gradient;
  const TokenBatch batch = tokens_of(kMixed, 97);
  const torch::Tensor all = net.forward(batch, 0);
  const std::vector<std::int64_t> order = {3, 0, 4, 2, 1};
  std::vector<std::int64_t> tokens, offsets = {0};
  for (const std::int64_t s : order) {
    const std::int64_t* ids = batch.tokens.const_data_ptr<std::int64_t>();
    tokens.insert(tokens.end(), ids + (*batch.offsets)[s], ids + (*batch.offsets)[s + 1]);
    offsets.push_back(std::ssize(tokens));
  }
  CHECK(furthest(net.forward(make_token_batch(tokens, offsets), 0), all.index_select(0, torch::tensor(order))) < 1e-5);
}

TEST_CASE("a batch too long for one go gives what its parts give") {
  BertConfig config = small_bert(BertTask::tokens);
  config.positions = 900;
  Bert net(config, 3);
  net.eval();
  const TokenBatch batch = tokens_of({900, 700, 800, 5, 900, 30}, 97);
  const torch::Tensor whole = net.forward(batch, 0).detach();
  const torch::NoGradGuard no_gradient;
  CHECK(furthest(net.forward(batch, 0), whole) < 1e-5);
}

TEST_CASE("a step of training is the same to the byte for any number of threads, and with its layers computed again") {
  const int before = torch::get_num_threads();
  for (const BertTask task : {BertTask::masked, BertTask::sequence, BertTask::tokens}) {
    BertConfig config = small_bert(task);
    config.hidden_dropout = config.attention_dropout = 0.1;
    Bert net(config, 3);
    const TokenBatch batch = tokens_of(kMixed, 97);
    torch::set_num_threads(1);
    const Gradients one = step_of(net, batch, 5);
    torch::set_num_threads(4);
    const Gradients four = step_of(net, batch, 5);
    torch::set_num_threads(1);
    check_same_bytes(one, step_of(net, batch, 5));
    CHECK(furthest(one.out, four.out) < 1e-5);
    CHECK_FALSE(torch::equal(one.out, step_of(net, batch, 6).out));
    net.recompute_layers(true);
    check_same_bytes(one, step_of(net, batch, 5));
    net.freeze({.first = 1, .embeddings = true});
    const Gradients few = step_of(net, batch, 5);
    CHECK(
        torch::equal(few.of.at("bert.encoder.layer.1.output.dense.weight"), one.of.at("bert.encoder.layer.1.output.dense.weight")));
    net.eval();
    CHECK(torch::equal(net.forward(batch, 5), net.forward(batch, 6)));
  }
  torch::set_num_threads(before);
}

TEST_CASE("frozen layers do not move, all others do") {
  struct Case {
    BertFreeze freeze;
    std::vector<std::string> kept;
  };
  const std::string layer = "bert.encoder.layer.";
  for (const Case& c : {Case{{.first = 1}, {layer + "0."}}, Case{{.last = 1}, {layer + "1."}},
                        Case{{.first = 1, .last = 1}, {layer + "0.", layer + "1."}},
                        Case{{.embeddings = true}, {"bert.embeddings."}}, Case{{}, {}}}) {
    BertConfig config = small_bert(BertTask::sequence);
    config.extra_layers = 1;
    Bert net(config, 3);
    net.freeze(c.freeze);
    std::map<std::string, torch::Tensor> start;
    for (const auto& item : net.named_parameters()) start[item.key()] = item.value().detach().clone();
    std::vector<torch::Tensor> learning;
    for (const auto& parameter : net.parameters())
      if (parameter.requires_grad()) learning.push_back(parameter);
    torch::optim::AdamW adam(learning, torch::optim::AdamWOptions(1e-2));
    const TokenBatch batch = tokens_of(kMixed, 97);
    torch::cross_entropy_loss(net.forward(batch, 0), torch::tensor({0, 1, 2, 0, 1})).backward();
    adam.step();
    for (const auto& item : net.named_parameters()) {
      CAPTURE(item.key());
      const bool frozen =
          std::any_of(c.kept.begin(), c.kept.end(), [&](const std::string& name) { return item.key().starts_with(name); });
      CHECK(torch::equal(item.value(), start.at(item.key())) == frozen);
    }
  }
  Bert net(small_bert(BertTask::masked), 3);
  CHECK_THROWS_AS(net.freeze({.first = 2, .last = 1}), UsageError);
}

TEST_CASE("hidden states begin with the embeddings and end with what the head sees; shares of attention sum to 1") {
  Bert net(small_bert(BertTask::masked), 3);
  net.eval();
  const TokenBatch batch = tokens_of({30}, 97);
  const auto states = net.hidden_states(batch, 0);
  REQUIRE(states.size() == 3);
  CHECK(torch::equal(states[0], net.embed(batch, 0)));
  CHECK(torch::equal(states[2], net.encode(batch, 0)));
  const torch::Tensor shares = net.attention_shares(1, states[1]);
  CHECK(shares.sizes() == torch::IntArrayRef({3, 30, 30}));
  CHECK(furthest(shares.sum(2), torch::ones({3, 30})) < 1e-5);
  const torch::Tensor rows = torch::tensor({4, 20});
  CHECK(furthest(net.logits(states[2], batch, 0, rows), net.forward(batch, 0).index_select(0, rows)) < 1e-5);
}

TEST_CASE("the mean of its tokens can stand for a sequence") {
  BertConfig config = small_bert(BertTask::sequence);
  config.pooling = "mean";
  Bert net(config, 3);
  const TokenBatch batch = tokens_of({3, 5}, 97);
  const torch::Tensor hidden = net.encode(batch, 0);
  CHECK(furthest(net.pool(hidden, batch.offsets)[1], hidden.narrow(0, 3, 5).mean(0)) < 1e-6);
}

TEST_CASE("each weight is a function of the seed and its name alone") {
  Bert net(small_bert(BertTask::masked), 7), other(small_bert(BertTask::sequence), 7), another(small_bert(BertTask::masked), 8);
  const std::string name = "bert.encoder.layer.1.intermediate.dense.weight";
  CHECK(torch::equal(net.named_parameters()[name], other.named_parameters()[name]));
  CHECK_FALSE(torch::equal(net.named_parameters()[name], another.named_parameters()[name]));
  CHECK(net.named_parameters()[name].std().item<double>() == doctest::Approx(0.2).epsilon(0.1));
  CHECK(net.named_parameters()["bert.embeddings.word_embeddings.weight"][0].abs().max().item<double>() == 0);
}

TEST_CASE("a sequence longer than the positions, a token outside the vocabulary and sizes that are no net are refused") {
  Bert net(small_bert(BertTask::masked), 7);
  CHECK_THROWS_WITH_AS(
      net.forward(tokens_of({3, 151}, 97), 0),
      "BERT: found a sequence of 151 tokens, expected 1 to 150, the positions of the model; tokenise with a length "
      "that the model has.",
      DataError);
  const std::vector<std::int64_t> tokens = {4, 97};
  CHECK_THROWS_WITH_AS(net.forward(make_token_batch(tokens, {0, 2}), 0),
                       "BERT: found token 97, expected 0 to 96, the vocabulary of the model; tokenise with the dictionary that the "
                       "model was trained with.",
                       DataError);
  BertConfig config = small_bert(BertTask::masked);
  config.heads = 5;
  CHECK_THROWS_AS(Bert(config, 1), UsageError);
  config = small_bert(BertTask::sequence);
  config.labels = {"a"};
  CHECK_THROWS_AS(Bert(config, 1), UsageError);
  config = small_bert(BertTask::masked);
  config.activation = "swish";
  CHECK_THROWS_AS(Bert(config, 1), UsageError);
}
