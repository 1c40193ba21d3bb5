#pragma once
// BERT as a net of cells: counts in, ranked to tokens by the dictionary it carries, logits of the label out. Its weights have the
// names of transformers in the file, so that the model folder opens there too. Inside the torch rooms only.

#include <cellverdict/encode/rank_tokens.h>
#include <cellverdict/nets/bert.h>
#include <cellverdict/nets/cell_net.h>
#include <cellverdict/train/model_card.h>

#include <memory>
#include <optional>

namespace cellverdict {

struct TrainRequest;

class CellBert : public CellNet {
 public:
  // Of so many genes of the preparation, none of them known yet: for weights and tokens out of a file.
  CellBert(std::shared_ptr<Bert> net, std::int64_t n_genes, std::int64_t length);
  // Throws DataError for genes of which the dictionary knows too few.
  void set_tokens(const GeneList& genes, const TokenDictionary& dictionary);

  // Rows of counts; one logit for two classes, the difference of both. A cell without a gene that has a token is <mask> alone.
  std::vector<torch::Tensor> forward(const CellBatch& cells, std::uint64_t step) override;
  void train(bool on = true) override;

  const Bert& net() const { return *net_; }
  TokenDictionary dictionary(const GeneList& genes) const;  // of the genes that have a token
  std::vector<std::string> take_notes() override;

  // Rows of counts as tokens.
  TokenBatch tokens_of(const CellBatch& cells);

 private:
  std::shared_ptr<Bert> net_;
  torch::Tensor token_, median_;  // [genes] int64, -1: none; float64
  torch::Tensor specials_;        // int64 [2] <cls>, <eos>; -1: none
  std::int64_t length_;
  std::optional<RankEncoder> encoder_;  // made from the above when first asked
  RankWorkspace workspace_;
  std::vector<std::string> notes_;
};

// The shape of fresh weights, a masked language model.
BertConfig fresh_bert(const BertOptions& options, const TokenDictionary& dictionary);

// As a saved model describes it, to be given its weights.
std::shared_ptr<CellBert> make_cell_bert(const ModelCard& card);
// For training: from [model.bert] checkpoint, or fresh; `card` gets its shape. Throws UsageError for extra heads.
std::shared_ptr<CellBert> begin_cell_bert(const TrainRequest& request, ModelCard& card);

}  // namespace cellverdict
