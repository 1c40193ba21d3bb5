#include <cellverdict/base/error.h>
#include <cellverdict/train/bert_config_file.h>
#include <cellverdict/train/bert_folder.h>
#include <cellverdict/train/cell_bert.h>
#include <cellverdict/train/classifier.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace cellverdict {

namespace {

constexpr std::int64_t kMask = 1;

// The dictionary of columns whose tokens and medians are known, and which of its genes each column is.
std::pair<TokenDictionary, TokenColumns> known_columns(const torch::Tensor& token, const torch::Tensor& median,
                                                       const torch::Tensor& specials) {
  const auto* tokens = token.const_data_ptr<std::int64_t>();
  const auto* medians = median.const_data_ptr<double>();
  std::map<std::int64_t, std::int32_t> place;  // by token
  for (std::int64_t g = 0; g < token.size(0); ++g)
    if (tokens[g] >= 0) place.emplace(tokens[g], 0);
  std::pair<TokenDictionary, TokenColumns> known;
  TokenDictionary& dictionary = known.first;
  dictionary.tokens.reserve(place.size());
  for (auto& [t, at] : place) {
    at = static_cast<std::int32_t>(dictionary.tokens.size());
    dictionary.tokens.push_back(static_cast<std::int32_t>(t));
    dictionary.ids.push_back(std::to_string(t));
  }
  dictionary.medians.assign(place.size(), 1);
  for (std::int64_t g = 0; g < token.size(0); ++g) {
    known.second.gene.push_back(tokens[g] < 0 ? -1 : place.at(tokens[g]));
    if (tokens[g] < 0) continue;
    dictionary.medians[known.second.gene.back()] = medians[g];
    ++known.second.n_known;
  }
  known.second.n_genes = std::ssize(dictionary.ids);
  known.second.n_summed = known.second.n_known - known.second.n_genes;
  const auto* special = specials.const_data_ptr<std::int64_t>();
  dictionary.version = special[0] >= 0 ? "V2" : "V1";
  if (special[0] >= 0)
    dictionary.specials = {{"<cls>", static_cast<std::int32_t>(special[0])}, {"<eos>", static_cast<std::int32_t>(special[1])}};
  return known;
}

}  // namespace

CellBert::CellBert(std::shared_ptr<Bert> net, std::int64_t n_genes, std::int64_t length)
    : net_(std::move(net)), length_(length > 0 ? std::min(length, net_->config().positions) : net_->config().positions) {
  for (const auto& child : net_->named_children()) register_module(child.key(), child.value());
  token_ = register_buffer("cell_tokens_of_genes", torch::full({n_genes}, -1, torch::kInt64));
  median_ = register_buffer("cell_medians_of_genes", torch::ones({n_genes}, torch::kFloat64));
  specials_ = register_buffer("cell_special_tokens", torch::full({2}, -1, torch::kInt64));
}

void CellBert::set_tokens(const GeneList& genes, const TokenDictionary& dictionary) {
  const TokenColumns columns = match_tokens(genes, dictionary, "[model.bert] dictionary");
  for (std::int64_t g = 0; g < genes.size(); ++g) {
    if (columns.gene[g] < 0 || !std::isfinite(dictionary.medians[columns.gene[g]])) continue;
    token_[g] = static_cast<std::int64_t>(dictionary.tokens[columns.gene[g]]);
    median_[g] = dictionary.medians[columns.gene[g]];
  }
  if (const auto begins = dictionary.special("<cls>"), ends = dictionary.special("<eos>"); begins && ends) {
    specials_[0] = static_cast<std::int64_t>(*begins);
    specials_[1] = static_cast<std::int64_t>(*ends);
  }
  notes_.insert(notes_.end(), columns.notes.begin(), columns.notes.end());
  encoder_.reset();
}

TokenDictionary CellBert::dictionary(const GeneList& genes) const {
  auto [dictionary, columns] = known_columns(token_, median_, specials_);
  for (std::int64_t g = 0; g < genes.size(); ++g)
    if (columns.gene[g] >= 0) dictionary.ids[columns.gene[g]] = genes.ids[g];
  dictionary.specials.insert(dictionary.specials.begin(), {{"<pad>", 0}, {"<mask>", static_cast<std::int32_t>(kMask)}});
  return dictionary;
}

void CellBert::train(bool on) {
  CellNet::train(on);
  net_->train(on);
}

std::vector<std::string> CellBert::take_notes() {
  return std::exchange(notes_, {});
}

TokenBatch CellBert::tokens_of(const CellBatch& cells) {
  if (!encoder_) {
    const auto [dictionary, columns] = known_columns(token_, median_, specials_);
    encoder_.emplace(dictionary, columns, RankOptions{.length = length_});
  }
  // The order of a cell's genes does not depend on its size.
  const std::vector<double> sizes(static_cast<std::size_t>(cells.cells.n_rows()), 1e4);
  PackedTokens ranked;
  append_rank_tokens(*encoder_, cells.cells, sizes, cells.threads, workspace_, ranked);
  PackedTokens whole;
  for (std::int64_t i = 0; i < ranked.n_cells(); ++i) {
    whole.tokens.insert(whole.tokens.end(), ranked.tokens.begin() + ranked.offsets[i],
                        ranked.tokens.begin() + ranked.offsets[i + 1]);
    if (ranked.offsets[i] == ranked.offsets[i + 1]) whole.tokens.push_back(kMask);
    whole.offsets.push_back(std::ssize(whole.tokens));
  }
  return make_token_batch(whole.tokens, std::move(whole.offsets));
}

std::vector<torch::Tensor> CellBert::forward(const CellBatch& cells, std::uint64_t step) {
  const torch::Tensor logits = net_->forward(tokens_of(cells), step);
  if (logits.size(1) != 2) return {logits};
  return {logits.narrow(1, 1, 1) - logits.narrow(1, 0, 1)};
}

std::shared_ptr<CellBert> make_cell_bert(const ModelCard& card) {
  return std::make_shared<CellBert>(std::make_shared<Bert>(card.bert, card.train.seed), card.preparation.genes.size(),
                                    card.model.bert.length);
}

BertConfig fresh_bert(const BertOptions& o, const TokenDictionary& dictionary) {
  return {.vocabulary = dictionary.vocabulary(),
          .width = o.width,
          .layers = o.layers,
          .extra_layers = o.extra_layers,
          .heads = o.heads,
          .feed_forward = o.feed_forward,
          .positions = o.length > 0 ? o.length : dictionary.longest(),
          .hidden_dropout = o.dropout,
          .attention_dropout = o.dropout,
          .pooling = o.pooling};
}

std::shared_ptr<CellBert> begin_cell_bert(const TrainRequest& request, ModelCard& card) {
  if (card.heads.size() > 1)
    throw UsageError({.where = "[[model.head]]",
                      .found = "a net of kind \"bert\"",
                      .expected = "no extra heads",
                      .advice = "remove them, or train a net of another kind"});
  const BertOptions& o = card.model.bert;
  const TokenDictionary& dictionary = *request.dictionary;
  const auto& classes = card.heads[0].classes;
  std::shared_ptr<Bert> net;
  std::vector<std::string> notes = dictionary.notes;
  if (!o.checkpoint.empty()) {
    OpenedBert opened = open_bert(o.checkpoint, {.task = BertTask::sequence,
                                                 .labels = classes,
                                                 .extra_layers = o.extra_layers,
                                                 .pooling = o.pooling,
                                                 .dictionary = dictionary.vocabulary(),
                                                 .seed = card.train.seed});
    net = std::move(opened.net);
    notes.insert(notes.end(), opened.notes.begin(), opened.notes.end());
  } else {
    BertConfig config = fresh_bert(o, dictionary);
    config.task = BertTask::sequence;
    config.labels = classes;
    net = std::make_shared<Bert>(config, card.train.seed);
  }
  net->freeze(parse_bert_freeze(o.freeze));
  card.bert = net->config();
  card.bert.layers = card.bert.all_layers();  // in files the fresh layers are layers like others
  card.bert.extra_layers = 0;
  auto cells = std::make_shared<CellBert>(std::move(net), card.preparation.genes.size(), o.length);
  cells->set_tokens(card.preparation.genes, dictionary);
  return cells;
}

}  // namespace cellverdict
