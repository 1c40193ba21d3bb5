#pragma once
// A trained net with its preparation: cells in, class probabilities out. Torch-free face of the torch rooms.

#include <cellverdict/base/run_context.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/genes/token_dictionary.h>
#include <cellverdict/train/encoder.h>
#include <cellverdict/train/model_card.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace cellverdict {

// Probabilities of one head, [cells, classes] row-major, rows sum to 1. Temperature not applied.
using HeadProbabilities = std::vector<double>;

// What a net of bags says of the units of a view, for several drawings of their cells.
struct BagDraws {
  std::vector<std::string> unit;               // sorted
  std::vector<std::int64_t> n_cells;           // [units]
  std::vector<HeadProbabilities> probability;  // [draws] of [units, classes]
  std::int64_t n_more = 0;                     // units with more cells than are drawn: of the others every drawing is the same
  std::vector<float> embedding;                // [units, n_dimensions] of the patient encoder, by the first drawing
  std::int64_t n_dimensions = 0;
};

class Classifier {
 public:
  struct Parts;  // the net
  Classifier(ModelCard card, std::unique_ptr<Parts> parts);
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  // model.json + model.safetensors. Throws InputError when one is missing or damaged, or when the self-test says that this build
  // does not reproduce the model's own predictions.
  static Classifier load(const std::filesystem::path& folder);
  // The folder appears whole or not at all.
  void save(const std::filesystem::path& folder) const;

  const ModelCard& card() const { return card_; }
  ModelCard& card() { return card_; }

  const Parts& parts() const { return *parts_; }  // for the torch rooms

  // [heads] probabilities of prepared cells (rows of Preparation genes). Kind "bag" takes them for one bag, and each cell has its
  // bag's.
  std::vector<HeadProbabilities> predict_block(const RunContext& context, const CsrBlock& prepared) const;
  // The same of what the net itself sees: for input "latent" rows of latent numbers, else prepared cells.
  std::vector<HeadProbabilities> predict_seen(const RunContext& context, const CsrBlock& seen) const;
  // Of input "latent": appends what the net itself sees of prepared cells.
  void append_seen(const RunContext& context, const CsrBlock& prepared, CsrBlock& seen) const;
  // predict_seen of cells that are asked about together, as a net of kind "graph" must be: a cell that stands in its graph already
  // is answered there. `names` as graph_name makes them.
  std::vector<HeadProbabilities> predict_together(const RunContext& context, const std::vector<std::string>& names,
                                                  const CsrBlock& seen) const;
  // The same for the cells of any view; kind "bag": of its units, from as many cells of each as in training.
  std::vector<HeadProbabilities> predict_cells(const RunContext& context, const CellView& view) const;
  // What the label's head said after each epoch of the training that kept its weights in `folder`, [epochs] of [cells, classes].
  std::vector<HeadProbabilities> predict_epochs(const RunContext& context, const CellView& view,
                                                const std::filesystem::path& folder) const;
  // Of input "latent", else InternalError.
  Encoder encoder() const;
  // Kind "bag" alone: of every unit as many cells as in training, drawn `n_draws` times by the training's seed. The first drawing
  // is that of predict_cells.
  BagDraws predict_draws(const RunContext& context, const CellView& view, std::int64_t n_draws) const;

 private:
  PreparedCells seen_of(const RunContext& context, const CellView& view, std::int64_t cache_bytes) const;

  ModelCard card_;
  std::unique_ptr<Parts> parts_;
};

// By which a cell is known again.
inline std::string graph_name(const std::string& unit, std::string_view cell) {
  return unit + "\t" + std::string(cell);
}

struct TrainRequest {
  ModelOptions model;
  TrainOptions train;
  const Encoder* encoder = nullptr;             // of input "latent"; it becomes part of the classifier
  const TrainView* graph_cells = nullptr;       // of a transductive graph: the cells of all sides, whose labels are not looked at
  const TokenDictionary* dictionary = nullptr;  // of kind "bert"
  // Folder; the latest whole epoch, written every few seconds and on an interrupt. Empty: none is kept.
  std::filesystem::path checkpoints;
  std::string key;      // of everything that decides the result: a checkpoint of another key is not resumed
  bool resume = false;  // go on from the checkpoint there
  // Folder that gets the net's weights after every epoch; empty: they are not kept.
  std::filesystem::path every_epoch = {};
};

// Fits on `train`, chooses the epoch on `validation` (absent: the last epoch). Classes of extra heads are the values of their
// column in the whole cohort (`head_classes`, one list per extra head): names, not measurements. Throws DataError for a loss that
// is not a number, Interrupted on Ctrl-C, with the checkpoint of the last whole epoch left behind.
Classifier train_classifier(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                            const Preparation& preparation, const std::vector<std::vector<std::string>>& head_classes,
                            const TrainRequest& request);

// "2.13.0+cpu"; "" when built without LibTorch.
std::string torch_version();

}  // namespace cellverdict
