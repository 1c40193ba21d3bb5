#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/io/safetensors.h>
#include <cellverdict/train/bert_config_file.h>
#include <cellverdict/train/bert_folder.h>
#include <cellverdict/train/bert_int8_folder.h>
#include <cellverdict/train/tensors.h>

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>

#include "base/scratch_folder.h"
#include "train/python_check.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace fs = std::filesystem;

namespace {

const std::vector<std::pair<BertTask, std::string>> kBertTasks = {
    {BertTask::masked, "masked"}, {BertTask::sequence, "sequence"}, {BertTask::tokens, "tokens"}};

BertConfig small_config(BertTask task) {
  BertConfig config{.vocabulary = 60,
                    .width = 32,
                    .layers = 2,
                    .heads = 2,
                    .feed_forward = 48,
                    .positions = 40,
                    .initial_deviation = 0.2,
                    .task = task};
  if (task != BertTask::masked) config.labels = {"AML", "a \"quoted\" class", "normal"};
  return config;
}

TokenBatch some_tokens() {
  std::vector<std::int64_t> tokens;
  Random random(2, "bert folder");
  for (int t = 0; t < 60; ++t) tokens.push_back(2 + static_cast<std::int64_t>(random.below(58)));
  return make_token_batch(tokens, {0, 40, 43, 60});
}

double logits_off(Bert& net, const torch::Tensor& truth) {
  net.eval();
  const torch::NoGradGuard no_gradient;
  return (net.forward(some_tokens(), 0) - truth).abs().max().item<double>();
}

// A folder of a net whose weights are not those of another seed.
fs::path written(const ScratchFolder& scratch, const std::string& name, BertTask task) {
  const fs::path folder = scratch / name;
  Bert net(small_config(task), 5);
  write_bert(folder, net);
  net.eval();
  const TokenBatch batch = some_tokens();
  const torch::NoGradGuard no_gradient;
  Safetensors truth;
  truth.tensors = {to_named("tokens", batch.tokens), to_named("offsets", torch::tensor(*batch.offsets)),
                   to_named("logits", net.forward(batch, 0))};
  write_safetensors(folder / "truth.safetensors", truth);
  return folder;
}

void change_weights(const fs::path& folder, const std::function<void(Safetensors&)>& change) {
  Safetensors weights = read_safetensors(folder / "model.safetensors");
  change(weights);
  write_safetensors(folder / "model.safetensors", weights);
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing refused";
}

bool contains(const std::string& text, const std::string& part) {
  const bool there = text.find(part) != std::string::npos;
  if (!there) MESSAGE(text);
  return there;
}

void replace_in_file(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  const std::size_t place = text.find(from);
  REQUIRE(place != std::string::npos);
  write_file(file, text.replace(place, from.size(), to));
}

}  // namespace

TEST_CASE("what is written loads in transformers with the same logits, and what transformers saved has its logits here") {
  const ScratchFolder scratch;
  for (const auto& [task, name] : kBertTasks) written(scratch, "ours-" + name, task);
  const auto status = check_in_python("train/check_bert_folder.py", scratch / "");
  if (!status) return;
  REQUIRE(*status == 0);
  for (const auto& [task, name] : kBertTasks) {
    CAPTURE(name);
    const Safetensors truth = read_safetensors(scratch / ("theirs-" + name) / "truth.safetensors");
    OpenedBert opened = open_bert(scratch / ("theirs-" + name), {});
    CHECK(opened.net->config().task == task);
    CHECK(opened.fresh.empty());
    CHECK(opened.unused.empty());
    CHECK(logits_off(*opened.net, from_named(*truth.find("logits"))) <= 1e-4);
    CHECK(fs::exists(scratch / ("bin-" + name) / "pytorch_model.bin"));
    const OpenedBert old = open_bert(scratch / ("bin-" + name), {});
    CHECK(old.notes.empty());
    CHECK(logits_off(*old.net, from_named(*truth.find("logits"))) <= 1e-4);
  }
  const OpenedBert classifier = open_bert(scratch / "theirs-masked", {.task = BertTask::sequence, .labels = {"a", "b"}});
  CHECK(classifier.fresh ==
        std::vector<std::string>{"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"});
  CHECK(classifier.unused.size() == 5);
  CHECK(classifier.notes.size() == 2);
}

TEST_CASE("a folder opened again is the same net, and a net for another task keeps all but its head") {
  const ScratchFolder scratch;
  const fs::path folder = written(scratch, "net", BertTask::sequence);
  const OpenedBert same = open_bert(folder, {.seed = 9});
  Bert made(small_config(BertTask::sequence), 5);
  for (const auto& item : made.named_parameters()) CHECK(torch::equal(item.value(), same.net->named_parameters()[item.key()]));
  CHECK(same.notes.empty());
  const OpenedBert other = open_bert(folder, {.labels = {"x", "y"}, .extra_layers = 1, .seed = 9});
  CHECK(other.fresh.size() == 16 + 2);
  CHECK(other.net->config().labels == std::vector<std::string>{"x", "y"});
  write_bert(scratch / "deeper", *other.net);
  CHECK(open_bert(scratch / "deeper", {}).net->config().layers == 3);
  const OpenedBert genes = open_bert(folder, {.task = BertTask::tokens, .labels = {"x", "y"}});
  CHECK(genes.fresh == std::vector<std::string>{"classifier.weight", "classifier.bias"});
  CHECK(genes.unused == std::vector<std::string>{"bert.pooler.dense.bias", "bert.pooler.dense.weight"});
}

TEST_CASE("names of old files, a bare model, half precision and saved positions are understood") {
  const ScratchFolder scratch;
  const fs::path folder = written(scratch, "net", BertTask::masked);
  change_weights(folder, [](Safetensors& weights) {
    std::erase_if(weights.tensors, [](const auto& tensor) { return tensor.name.starts_with("cls."); });
    for (auto& tensor : weights.tensors) {
      tensor.name.erase(0, std::string("bert.").size());
      if (tensor.name.ends_with("LayerNorm.weight")) tensor.name.replace(tensor.name.size() - 6, 6, "gamma");
      if (tensor.name.ends_with("query.weight")) tensor = to_named(tensor.name, from_named(tensor).to(torch::kFloat16));
    }
    weights.tensors.push_back(to_named("embeddings.position_ids", torch::arange(40).view({1, 40})));
  });
  const OpenedBert opened = open_bert(folder, {});
  CHECK(opened.fresh.size() == 5);
  Bert made(small_config(BertTask::masked), 5);
  for (const auto& item : made.named_parameters()) {
    CAPTURE(item.key());
    const double off = (item.value() - opened.net->named_parameters()[item.key()]).abs().max().item<double>();
    if (!item.key().starts_with("cls.")) CHECK(off <= (item.key().ends_with("query.weight") ? 1e-3 : 0));
  }
}

TEST_CASE("missing, misshapen, unknown and untied tensors, a cut file and another dictionary are refused in a sentence") {
  const ScratchFolder scratch;
  const std::string lost = "bert.encoder.layer.1.output.dense.bias";
  const auto after = [&](const std::string& name, const std::function<void(Safetensors&)>& change) {
    const fs::path folder = written(scratch, name, BertTask::sequence);
    change_weights(folder, change);
    return refusal([&] { open_bert(folder, {}); });
  };
  const auto without = [](const std::string& name) {
    return [name](Safetensors& weights) { std::erase_if(weights.tensors, [&](const auto& t) { return t.name == name; }); };
  };
  CHECK(contains(after("missing", without(lost)), "tensor '" + lost + "': found nothing, expected shape [32]"));
  CHECK(contains(after("half-a-head", without("classifier.bias")), "tensor 'classifier.bias': found nothing"));
  CHECK(contains(after("misshapen",
                       [&](Safetensors& weights) {
                         without(lost)(weights);
                         weights.tensors.push_back(to_named(lost, torch::zeros({31})));
                       }),
                 "found shape [31], expected shape [32]; weights and config.json must belong together."));
  CHECK(contains(after("unknown",
                       [](Safetensors& weights) {
                         weights.tensors.push_back(to_named("bert.encoder.layer.2.output.dense.bias", torch::zeros({32})));
                       }),
                 "tensor 'bert.encoder.layer.2.output.dense.bias': found a tensor that such a net has not"));
  CHECK(contains(after("untied",
                       [](Safetensors& weights) {
                         weights.tensors.push_back(to_named("cls.predictions.decoder.weight", torch::zeros({60, 32})));
                       }),
                 "found other numbers than the embeddings have"));
  const fs::path cut = written(scratch, "cut", BertTask::sequence);
  fs::resize_file(cut / "model.safetensors", fs::file_size(cut / "model.safetensors") - 100);
  CHECK(contains(refusal([&] { open_bert(cut, {}); }), "model.safetensors: found "));
  CHECK(
      contains(refusal([&] { open_bert(written(scratch, "v2", BertTask::masked), {.dictionary = 20275}); }),
               "config.json: found a vocabulary of 60 tokens, expected 20275, as the dictionary has; tokenise with the dictionary "
               "that the model was trained with."));
  CHECK(contains(refusal([&] { open_bert(scratch / "none", {}); }), "config.json"));
}

TEST_CASE("config.json comes back as it was, and what such a net cannot do is refused in a sentence") {
  const ScratchFolder scratch;
  const fs::path file = scratch / "config.json";
  for (const auto& [task, name] : kBertTasks) {
    BertConfig config = small_config(task);
    config.classifier_dropout = 0.25;
    config.pooling = task == BertTask::sequence ? "mean" : "first";
    write_file(file, bert_config_text(config));
    const BertConfig again = read_bert_config(file);
    CHECK(bert_config_text(again) == bert_config_text(config));
    CHECK(again.task == task);
    CHECK(again.labels == config.labels);
  }
  const std::string whole = bert_config_text(bert_preset("V2-104M"));
  const auto refused = [&](const std::string& from, const std::string& to) {
    write_file(file, whole);
    replace_in_file(file, from, to);
    return refusal([&] { read_bert_config(file); });
  };
  CHECK(contains(refused("\"relu\"", "\"swish\""), "config.json hidden_act: found 'swish', expected 'relu', 'gelu' or 'gelu_new'"));
  CHECK(contains(refused("\"absolute\"", "\"relative_key\""),
                 "config.json position_embedding_type: found 'relative_key', expected 'absolute'"));
  CHECK(contains(refused("\"bert\"", "\"gpt2\""), "model_type: found 'gpt2'"));
  CHECK(contains(refused("768", "-3"), "hidden_size: found -3"));
  CHECK(contains(refused("BertForMaskedLM", "BertForQuestionAnswering"), "architectures: found \"BertForQuestionAnswering\""));
  CHECK(contains(refused("{", "["), "found no JSON object"));
  CHECK_THROWS_AS(bert_preset("V3"), UsageError);
}

TEST_CASE("the published shapes are those of the published config.json files") {
  const char* named = std::getenv("CELLVERDICT_SHARED_DATA");
  const fs::path shared = named ? fs::path(named) : tests_folder().parent_path().parent_path() / "shared/data";
  const fs::path configs = shared / "geneformer/configs";
  if (!fs::exists(configs)) {
    MESSAGE("skipped: no shared data");
    return;
  }
  for (const std::string& name : bert_preset_names())
    CHECK(bert_config_text(read_bert_config(configs / ("Geneformer-" + name + ".config.json"))) ==
          bert_config_text(bert_preset(name)));
  CHECK(read_bert_config(configs / "Geneformer-V2-104M_CLcancer.config.json").positions == 4096);
  CHECK(read_bert_config(configs / "gf-12L-30M-i2048.config.json").width == 512);
  const BertConfig classifier = read_bert_config(configs / "cardiomyopathies_CellClassifier.config.json");
  CHECK(classifier.task == BertTask::sequence);
  CHECK(classifier.labels == std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"});
}

TEST_CASE("which layers stay as they are is said in words") {
  CHECK(parse_bert_freeze("none").first == 0);
  CHECK(parse_bert_freeze("first:2").first == 2);
  const BertFreeze both = parse_bert_freeze("last:4,embeddings");
  CHECK(both.last == 4);
  CHECK(both.embeddings);
  for (const char* wrong : {"first", "first:-1", "2", "first:2x", ""}) CHECK_THROWS_AS(parse_bert_freeze(wrong), UsageError);
}

TEST_CASE("a BERT of 8 bits comes back to the byte, takes less than 45 % of the room, and is refused where it does not fit") {
  const ScratchFolder scratch;
  for (const auto& [task, name] : kBertTasks) {
    const fs::path folder = written(scratch, name, task), small = scratch / ("int8-" + name);
    const OpenedBert opened = open_bert(folder, {});
    const Int8Bert made(opened.net->config(), round_weights(*opened.net));
    CHECK_FALSE(has_int8_bert(folder));
    write_int8_bert(small, made);
    CHECK(has_int8_bert(small));
    CHECK(torch::equal(open_int8_bert(small).forward(some_tokens()), made.forward(some_tokens())));
  }
  BertConfig wide = bert_preset("V1-10M");
  wide.layers = 1;
  Bert net(wide, 1);
  write_bert(scratch / "wide", net);
  write_int8_bert(scratch / "wide", {wide, round_weights(net)});
  CHECK(static_cast<double>(fs::file_size(scratch / "wide/model.int8.safetensors")) <
        0.45 * static_cast<double>(fs::file_size(scratch / "wide/model.safetensors")));
  const fs::path other = scratch / "int8-tokens";
  write_file(other / "config.json", bert_config_text(small_config(BertTask::sequence)));
  CHECK(contains(refusal([&] { open_int8_bert(other); }), "tensor 'bert.pooler.dense.bias': found nothing, expected shape [32]"));
}
