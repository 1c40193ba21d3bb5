#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/version.h>
#include <cellverdict/encode/gene_medians.h>
#include <cellverdict/io/token_files.h>
#include <cellverdict/run/stage_keys.h>
#include <cellverdict/run/token_stage.h>
#include <cellverdict/train/classifier.h>
#include <cellverdict/train/pretrain.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

bool has_dictionary(const fs::path& folder) {
  if (!fs::is_directory(folder)) return false;
  return std::ranges::any_of(fs::directory_iterator(folder), [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with("token_dictionary");
  });
}

std::string seen_from_here(const Experiment& e, const std::string& folder) {
  if (folder.empty() || fs::path(folder).is_absolute()) return folder;
  return (e.base / folder).lexically_normal().string();
}

}  // namespace

PrepareOptions counts_as_they_are(PrepareOptions options) {
  options.target_sum = 0;
  options.log1p = false;
  options.min_cells_per_gene = 1;
  options.genes.select = "all";
  options.scale.by = "none";
  options.scale.center = false;
  options.scale.clip = 0;
  return options;
}

Preparation for_simple_models(const ModelOptions& model, Preparation preparation) {
  if (model.kind != "bert") return preparation;
  preparation.target_sum = PrepareOptions().target_sum;
  preparation.log1p = true;
  return preparation;
}

BertOptions with_whole_paths(const Experiment& e) {
  BertOptions options = e.model.bert;
  options.checkpoint = seen_from_here(e, options.checkpoint);
  options.dictionary = seen_from_here(e, options.dictionary);
  return options;
}

TokenDictionary obtain_dictionary(const RunContext& context, const Experiment& e, const TrainView& train) {
  const BertOptions o = with_whole_paths(e);
  if (!o.dictionary.empty()) return read_token_dictionary(o.dictionary);
  if (has_dictionary(o.checkpoint)) return read_token_dictionary(o.checkpoint);
  if (!o.checkpoint.empty())
    throw UsageError({.where = "[model.bert] checkpoint = \"" + e.model.bert.checkpoint + "\"",
                      .found = "a pre-trained net without its token dictionary",
                      .expected = "the dictionary that it was trained with",
                      .advice = "name the folder of token_dictionary… and gene_median_dictionary… as [model.bert] dictionary"});
  const Stopwatch watch;
  const GeneMedians medians = fit_gene_medians(context, train);
  TokenDictionary dictionary = make_own_dictionary(train.genes(), medians.medians, o.specials);
  context.log(fmt::format("tokens    {} genes with their medians over {} training cells  {:.1f} s",
                          with_commas(dictionary.n_genes()), with_commas(train.n_cells()), watch.seconds()));
  return dictionary;
}

fs::path obtain_pretrained(const RunContext& context, const Experiment& e, const Split& split, const Preparation& preparation,
                           const TokenDictionary& dictionary, const EncoderPlace& place) {
  const BertOptions o = with_whole_paths(e);
  if (place.run.empty())
    throw UsageError({.where = "[model.bert] pretrain_epochs",
                      .found = "a fit that is written nowhere",
                      .expected = "a run folder",
                      .advice = "leave \"everything\" out of [evaluate] permute"});
  BertOptions decides = o;
  decides.freeze = "none";
  decides.extra_layers = 0;
  decides.pooling = "first";
  const auto text = [](const ValueTable& table) { return Value{table, {}}.text(); };
  const std::string key =
      sha256(place.store_key + text(data_options().write(e.data)) + text(split_options().write(e.split)) +
             text(cv_options().write(e.cv)) + std::to_string(split.summary().fold) + text(prepare_options().write(e.prepare)) +
             text(bert_options().write(decides)) + token_files_key(e) + std::to_string(e.train.seed) +
             std::to_string(context.threads) + std::string(version()) + torch_version());
  const fs::path folder = place.run / "pretrained" / key.substr(0, 12);
  if (read_stage_key(folder, "pretrained") == key) {
    context.log("pretrain  up to date: " + folder.string());
    return folder / "net";
  }
  const Stopwatch watch;
  const LearningCurve curve = pretrain_bert(context, split.train(), split.validation(), preparation,
                                            {.options = o,
                                             .dictionary = dictionary,
                                             .seed = e.train.seed,
                                             .out = folder / "net",
                                             .checkpoints = folder / "checkpoint",
                                             .key = key,
                                             .resume = place.resume});
  write_stage_key(folder, "pretrained", key);
  fs::remove_all(folder / "checkpoint");
  context.log(fmt::format("pretrain  best epoch {} of {}, {}  {:.1f} s", curve.best_epoch, curve.epochs.size(),
                          (folder / "net").string(), watch.seconds()));
  return folder / "net";
}

std::string token_files_key(const Experiment& e) {
  if (e.model.kind != "bert") return {};
  const BertOptions o = with_whole_paths(e);
  std::string key;
  for (const auto& folder : {o.checkpoint, o.dictionary}) {
    if (folder.empty() || !fs::is_directory(folder)) continue;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) key += file.filename().string() + sha256_of_file(file);
  }
  return sha256(key);
}

}  // namespace cellverdict
