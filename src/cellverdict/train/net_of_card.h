#pragma once
// The net behind a Classifier; inside the torch rooms only.

#include <cellverdict/nets/autoencoder.h>
#include <cellverdict/nets/bag_classifier.h>
#include <cellverdict/nets/cell_net.h>
#include <cellverdict/train/cell_bert.h>
#include <cellverdict/train/classifier.h>
#include <cellverdict/train/graph_cells.h>

#include <memory>

namespace cellverdict {

struct Classifier::Parts {
  std::shared_ptr<CellNet> net;                   // of single cells
  std::shared_ptr<BagClassifier> bags;            // kind bag
  std::shared_ptr<Autoencoder> encoder;           // what `net` sees of a cell is what this one makes of it; null: its genes
  std::shared_ptr<const GraphCells> graph_cells;  // of a transductive graph; null: the cells asked about are alone in it
};

// A fresh net of the card's shape, weights drawn from its seed; an encoder of input "latent" likewise.
std::unique_ptr<Classifier::Parts> make_parts(const ModelCard& card);

std::vector<HeadProbabilities> predict_prepared(const RunContext& context, const Classifier& classifier,
                                                const PreparedCells& cells);

}  // namespace cellverdict
