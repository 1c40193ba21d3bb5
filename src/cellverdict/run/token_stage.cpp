#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/encode/gene_medians.h>
#include <cellverdict/io/token_files.h>
#include <cellverdict/run/token_stage.h>

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
