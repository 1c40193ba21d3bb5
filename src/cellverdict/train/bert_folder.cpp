#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/io/torch_checkpoint.h>
#include <cellverdict/train/bert_config_file.h>
#include <cellverdict/train/bert_folder.h>
#include <cellverdict/train/tensors.h>

#include <algorithm>
#include <map>
#include <set>

namespace cellverdict {

namespace {

constexpr const char* kBertConfigFile = "config.json";
constexpr const char* kBertWeightsFile = "model.safetensors";
constexpr const char* kOldWeightsFile = "pytorch_model.bin";

bool of_head(const std::string& name) {
  return name.starts_with("cls.") || name.starts_with("bert.pooler.") || name.starts_with("classifier.");
}

// "classifier.weight" → "classifier.", "bert.pooler.dense.bias" → "bert.pooler.": parts of a head come together or not at all.
std::string head_of(const std::string& name) {
  return name.starts_with("bert.") ? "bert.pooler." : name.substr(0, name.find('.') + 1);
}

// Names that files have, and those of today.
std::string name_of_today(const std::string& name, bool without_prefix) {
  std::string out = without_prefix && !of_head(name) ? "bert." + name : name;
  for (const auto& [old_end, new_end] : {std::pair{"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}})
    if (out.ends_with(old_end)) out.replace(out.size() - std::string(old_end).size(), std::string::npos, new_end);
  return out;
}

struct WeightsFile {
  std::string path;
  std::map<std::string, NamedTensor> tensors;

  const NamedTensor* find(const std::string& name) const {
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
  }
  [[noreturn]] void refuse(const std::string& name, const std::string& found, const std::string& expected) const {
    throw InputError({.where = path + " tensor '" + name + "'",
                      .found = found,
                      .expected = expected,
                      .advice = "weights and config.json must belong together"});
  }
};

WeightsFile read_weights(const std::filesystem::path& folder) {
  const bool old = !std::filesystem::exists(folder / kBertWeightsFile) && std::filesystem::exists(folder / kOldWeightsFile);
  const std::filesystem::path path = folder / (old ? kOldWeightsFile : kBertWeightsFile);
  WeightsFile out{.path = path.string()};
  Safetensors in = old ? read_torch_checkpoint(path) : read_safetensors(path);
  // A bare BertModel names its tensors without "bert.".
  const bool bare = std::none_of(in.tensors.begin(), in.tensors.end(), [](const auto& t) { return t.name.starts_with("bert."); });
  for (auto& tensor : in.tensors) {
    const std::string name = name_of_today(tensor.name, bare);
    if (!out.tensors.emplace(name, std::move(tensor)).second) out.refuse(name, "it twice, under an old name too", "it once");
  }
  return out;
}

BertConfig config_as_asked(const std::filesystem::path& folder, const BertOpening& opening, bool& other_labels) {
  const std::filesystem::path file = folder / kBertConfigFile;
  BertConfig config = read_bert_config(file);
  if (opening.dictionary > 0 && opening.dictionary != config.vocabulary)
    throw InputError({.where = file.string(),
                      .found = "a vocabulary of " + std::to_string(config.vocabulary) + " tokens",
                      .expected = std::to_string(opening.dictionary) + ", as the dictionary has",
                      .advice = "tokenise with the dictionary that the model was trained with"});
  other_labels = config.task != opening.task.value_or(config.task) || (!opening.labels.empty() && opening.labels != config.labels);
  config.task = opening.task.value_or(config.task);
  if (!opening.labels.empty()) config.labels = opening.labels;
  if (config.task == BertTask::masked) config.labels.clear();
  if (!opening.pooling.empty()) config.pooling = opening.pooling;
  config.extra_layers = opening.extra_layers;
  return config;
}

std::string layer_name(std::int64_t number) {
  return "bert.encoder.layer." + std::to_string(number) + ".";
}

// May the folder lack this parameter? Heads as a whole, and extra layers.
bool may_be_fresh(const std::string& name, const BertConfig& config, const WeightsFile& file) {
  for (std::int64_t number = config.layers; number < config.all_layers(); ++number)
    if (name.starts_with(layer_name(number))) return true;
  if (!of_head(name)) return false;
  return std::none_of(file.tensors.begin(), file.tensors.end(),
                      [&](const auto& entry) { return entry.first.starts_with(head_of(name)); });
}

void fill(torch::Tensor& parameter, const std::string& name, const WeightsFile& file) {
  const NamedTensor* found = file.find(name);
  if (found == nullptr || torch::IntArrayRef(found->shape) != parameter.sizes())
    refuse_shape(file.path, name, found, parameter.sizes(), "weights and config.json must belong together");
  const torch::NoGradGuard no_gradient;
  parameter.copy_(from_named(*found));
}

// What the net has no place for: buffers, copies of tied weights, heads of other tasks. Anything else is not our kind of net.
void look_at_the_rest(const WeightsFile& file, const torch::OrderedDict<std::string, torch::Tensor>& parameters, OpenedBert& out) {
  const NamedTensor* words = file.find("bert.embeddings.word_embeddings.weight");
  for (const auto& [name, tensor] : file.tensors) {
    if (parameters.contains(name) || name == "bert.embeddings.position_ids" || name == "cls.predictions.decoder.bias") continue;
    if (name.starts_with("cell_")) continue;  // what train/cell_bert.h keeps beside the net
    if (name == "cls.predictions.decoder.weight") {
      if (words != nullptr && !std::ranges::equal(tensor.data(), words->data()))
        file.refuse(name, "other numbers than the embeddings have", "the same: the decoder is tied to them");
      continue;
    }
    if (!of_head(name)) file.refuse(name, "a tensor that such a net has not", "those of a BERT of this config.json");
    out.unused.push_back(name);
  }
}

std::string first_of(const std::vector<std::string>& names) {
  std::string text;
  constexpr std::size_t kShown = 4;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > kShown ? " and " + std::to_string(names.size() - kShown) + " more" : "");
}

}  // namespace

OpenedBert open_bert(const std::filesystem::path& folder, const BertOpening& opening) {
  bool other_labels = false;
  const BertConfig config = config_as_asked(folder, opening, other_labels);
  WeightsFile file = read_weights(folder);
  OpenedBert out{.net = std::make_shared<Bert>(config, opening.seed)};
  const auto parameters = out.net->named_parameters();
  for (const auto& item : parameters) {
    torch::Tensor parameter = item.value();
    if (may_be_fresh(item.key(), config, file) || (other_labels && item.key().starts_with("classifier."))) {
      out.fresh.push_back(item.key());
    } else {
      fill(parameter, item.key(), file);
    }
  }
  look_at_the_rest(file, parameters, out);
  if (!out.fresh.empty())
    out.notes.push_back("Begun afresh, as " + folder.string() + " has nothing for them: " + first_of(out.fresh) + ".");
  if (!out.unused.empty()) out.notes.push_back("Not used of " + folder.string() + ": " + first_of(out.unused) + ".");
  return out;
}

void write_bert(const std::filesystem::path& folder, const Bert& net) {
  Safetensors weights{.metadata = {{"format", "pt"}}};
  view_tensors(net, "", weights);
  write_safetensors(folder / kBertWeightsFile, weights);
  write_file(folder / kBertConfigFile, bert_config_text(net.config()));
}

}  // namespace cellverdict
