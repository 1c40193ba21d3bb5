#pragma once
// The nets that read latent numbers besides kind "mlp": a Transformer of each cell, a graph convolution over cells asked together.
// Inside the torch rooms only.

#include <cellverdict/nets/cell_net.h>
#include <cellverdict/train/model_card.h>

#include <memory>

namespace cellverdict {

// kind "transformer". Throws UsageError where heads do not divide the width.
std::shared_ptr<CellNet> make_transformer_net(const ModelCard& card);

// kind "graph". Each forward() is of a graph among the cells of its batch and no others: trained on the graph of the training
// cells, asked on one of the cells it is asked about, or both times beside GraphCells. Labels make no edge. The graphs of the last
// batches are kept for the next epoch.
std::shared_ptr<CellNet> make_graph_net(const ModelCard& card);

}  // namespace cellverdict
