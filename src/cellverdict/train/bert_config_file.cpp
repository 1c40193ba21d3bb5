#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/json_number.h>
#include <cellverdict/train/bert_config_file.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace cellverdict {

namespace {

using ConfigJson = nlohmann::ordered_json;

constexpr const char* kPooling = "cellverdict_pooling";  // transformers keeps keys it does not know

const std::map<BertTask, std::string> kArchitectures = {{BertTask::masked, "BertForMaskedLM"},
                                                        {BertTask::sequence, "BertForSequenceClassification"},
                                                        {BertTask::tokens, "BertForTokenClassification"}};

const std::map<std::string, BertConfig>& presets() {
  static const std::map<std::string, BertConfig> kPresets = {{"V1-10M", {}},
                                                             {"V2-104M",
                                                              {.vocabulary = 20275,
                                                               .width = 768,
                                                               .layers = 12,
                                                               .heads = 12,
                                                               .feed_forward = 3072,
                                                               .positions = 4096,
                                                               .hidden_dropout = 0.1,
                                                               .attention_dropout = 0.1}},
                                                             {"V2-316M",
                                                              {.vocabulary = 20275,
                                                               .width = 1152,
                                                               .layers = 18,
                                                               .heads = 18,
                                                               .feed_forward = 4608,
                                                               .positions = 4096,
                                                               .hidden_dropout = 0.1,
                                                               .attention_dropout = 0.1}}};
  return kPresets;
}

class ConfigFile {
 public:
  ConfigFile(ConfigJson json, std::string file) : json_(std::move(json)), file_(std::move(file)) {}

  [[noreturn]] void refuse(const std::string& key, const std::string& found, const std::string& expected) const {
    throw InputError({.where = file_ + (key.empty() ? "" : " " + key),
                      .found = found,
                      .expected = expected,
                      .advice = "give the folder of a BERT as Geneformer has it"});
  }

  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

  std::int64_t whole(const char* key, std::int64_t standard) const {
    if (!has(key)) return standard;
    try {
      return whole_number<std::int64_t>(json_[key], 0);
    } catch (const ConfigJson::exception&) {
      refuse(key, json_[key].dump().substr(0, 40), "a whole number");
    }
  }
  double number(const char* key, double standard) const {
    if (!has(key)) return standard;
    if (!json_[key].is_number()) refuse(key, json_[key].dump().substr(0, 40), "a number");
    return json_[key].get<double>();
  }
  std::string text(const char* key, const std::string& standard) const {
    if (!has(key)) return standard;
    if (!json_[key].is_string()) refuse(key, json_[key].dump().substr(0, 40), "text");
    return json_[key].get<std::string>();
  }
  // The value a switch must have, or does when it is not there.
  void must_be(const char* key, bool wanted) const {
    if (has(key) && json_[key] != wanted) refuse(key, json_[key].dump().substr(0, 40), wanted ? "true" : "false");
  }
  const ConfigJson& at(const char* key) const { return json_[key]; }

 private:
  ConfigJson json_;
  std::string file_;
};

std::string read_activation(const ConfigFile& file) {
  const std::string named = file.text("hidden_act", "gelu");
  if (named == "gelu_pytorch_tanh") return "gelu_new";  // the same function
  if (named != "relu" && named != "gelu" && named != "gelu_new")
    file.refuse("hidden_act", "'" + named + "'", "'relu', 'gelu' or 'gelu_new'");
  return named;
}

BertTask read_task(const ConfigFile& file) {
  if (!file.has("architectures")) return BertTask::masked;
  const ConfigJson& named = file.at("architectures");
  if (!named.is_array() || named.empty() || !named[0].is_string())
    file.refuse("architectures", named.dump().substr(0, 60), "the name of a class of transformers");
  for (const auto& [task, name] : kArchitectures)
    if (named[0] == name) return task;
  if (named[0] == "BertModel" || named[0] == "BertForPreTraining") return BertTask::masked;
  file.refuse("architectures", named[0].dump(), "BertForMaskedLM, BertForSequenceClassification or BertForTokenClassification");
}

std::vector<std::string> read_labels(const ConfigFile& file) {
  if (!file.has("id2label")) return {"LABEL_0", "LABEL_1"};
  const ConfigJson& named = file.at("id2label");
  std::vector<std::string> labels;
  while (named.is_object() && labels.size() < named.size()) {
    const auto label = named.find(std::to_string(labels.size()));
    if (label == named.end() || !label->is_string()) break;
    labels.push_back(label->get<std::string>());
  }
  if (!named.is_object() || labels.size() != named.size())
    file.refuse("id2label", named.dump().substr(0, 60), "a name for each of 0, 1, … and no other");
  return labels;
}

void check_kind(const ConfigFile& file) {
  if (const std::string kind = file.text("model_type", "bert"); kind != "bert")
    file.refuse("model_type", "'" + kind + "'", "'bert'");
  if (const std::string positions = file.text("position_embedding_type", "absolute"); positions != "absolute")
    file.refuse("position_embedding_type", "'" + positions + "'", "'absolute'");
  file.must_be("is_decoder", false);
  file.must_be("add_cross_attention", false);
  file.must_be("tie_word_embeddings", true);
}

// "first:2" → 2 for "first".
std::optional<std::int64_t> layers_of(const std::string& word, const std::string& which) {
  if (!word.starts_with(which + ":")) return std::nullopt;
  std::int64_t n = -1;
  const char *begin = word.data() + which.size() + 1, *end = word.data() + word.size();
  const auto [stop, failure] = std::from_chars(begin, end, n);
  if (failure != std::errc() || stop != end || n < 0) return std::nullopt;
  return n;
}

}  // namespace

BertConfig bert_preset(const std::string& name) {
  const auto found = presets().find(name);
  if (found != presets().end()) return found->second;
  throw UsageError({.where = "BERT", .found = "shape '" + name + "'", .expected = "V1-10M, V2-104M or V2-316M", .advice = ""});
}

const std::vector<std::string>& bert_preset_names() {
  static const std::vector<std::string> kNames = {"V1-10M", "V2-104M", "V2-316M"};
  return kNames;
}

BertConfig read_bert_config(const std::filesystem::path& path) {
  ConfigJson json = ConfigJson::parse(read_file(path), nullptr, false);
  const bool readable = json.is_object();
  const ConfigFile file(std::move(json), path.string());
  if (!readable) file.refuse("", "no JSON object", "config.json of a model");
  check_kind(file);
  BertConfig config{.vocabulary = file.whole("vocab_size", 30522),
                    .width = file.whole("hidden_size", 768),
                    .layers = file.whole("num_hidden_layers", 12),
                    .heads = file.whole("num_attention_heads", 12),
                    .feed_forward = file.whole("intermediate_size", 3072),
                    .positions = file.whole("max_position_embeddings", 512),
                    .token_types = file.whole("type_vocab_size", 2),
                    .activation = read_activation(file),
                    .hidden_dropout = file.number("hidden_dropout_prob", 0.1),
                    .attention_dropout = file.number("attention_probs_dropout_prob", 0.1),
                    .classifier_dropout = file.number("classifier_dropout", -1),
                    .layer_norm_epsilon = file.number("layer_norm_eps", 1e-12),
                    .initial_deviation = file.number("initializer_range", 0.02),
                    .task = read_task(file),
                    .pooling = file.text(kPooling, "first")};
  if (config.task != BertTask::masked) config.labels = read_labels(file);
  return config;
}

std::string bert_config_text(const BertConfig& config) {
  ConfigJson json = {{"architectures", {kArchitectures.at(config.task)}},
                     {"attention_probs_dropout_prob", config.attention_dropout},
                     {"classifier_dropout", config.classifier_dropout < 0 ? ConfigJson() : ConfigJson(config.classifier_dropout)},
                     {"hidden_act", config.activation},
                     {"hidden_dropout_prob", config.hidden_dropout},
                     {"hidden_size", config.width},
                     {"initializer_range", config.initial_deviation},
                     {"intermediate_size", config.feed_forward},
                     {"layer_norm_eps", config.layer_norm_epsilon},
                     {"max_position_embeddings", config.positions},
                     {"model_type", "bert"},
                     {"num_attention_heads", config.heads},
                     {"num_hidden_layers", config.all_layers()},
                     {"pad_token_id", 0},
                     {"position_embedding_type", "absolute"},
                     {"torch_dtype", "float32"},
                     {"type_vocab_size", config.token_types},
                     {"vocab_size", config.vocabulary}};
  if (config.task != BertTask::masked) {
    ConfigJson names = ConfigJson::object(), numbers = ConfigJson::object();
    for (std::size_t i = 0; i < config.labels.size(); ++i) {
      names[std::to_string(i)] = config.labels[i];
      numbers[config.labels[i]] = i;
    }
    json["id2label"] = names;
    json["label2id"] = numbers;
  }
  if (config.task == BertTask::sequence) json["problem_type"] = "single_label_classification";
  if (config.task == BertTask::sequence && config.pooling != "first") json[kPooling] = config.pooling;
  return json.dump(2, ' ', false, ConfigJson::error_handler_t::replace) + "\n";
}

BertFreeze parse_bert_freeze(const std::string& text) {
  BertFreeze freeze;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (const auto first = layers_of(word, "first")) {
      freeze.first = *first;
    } else if (const auto last = layers_of(word, "last")) {
      freeze.last = *last;
    } else if (word == "embeddings") {
      freeze.embeddings = true;
    } else if (word != "none") {
      throw UsageError({.where = "freeze",
                        .found = "'" + text + "'",
                        .expected = "'none', 'first:2' or 'last:2', with or without ',embeddings'",
                        .advice = ""});
    }
    begin = end + 1;
  }
  return freeze;
}

}  // namespace cellverdict
