#pragma once
// The cells that stand in the graph of a transductive graph net, whomever it is asked about: those it was trained beside, of all
// sides, without their labels. Part of the saved model. Inside the torch rooms only.

#include <cellverdict/io/safetensors.h>
#include <cellverdict/split/views.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct GraphCells {
  std::vector<std::string> names;  // [cells] unit, tab, cell
  std::vector<float> latents;      // [cells, n_latents]
  std::int64_t n_latents = 0;

  std::int64_t n_cells() const { return std::ssize(names); }
  void append_all(CsrBlock& out) const;
};

GraphCells graph_cells_of(const CellView& view, std::vector<float> latents, std::int64_t n_latents);

// Names of the cells of a view, as in GraphCells.
std::vector<std::string> graph_names(const CellView& view);

// Where each cell of these names stands in the graph: its place among `known`, or, if it is none of these, behind them, in order.
std::vector<std::int64_t> places_in_graph(const GraphCells& known, const std::vector<std::string>& names);

void collect_graph_cells(const GraphCells& cells, Safetensors& out);
// Throws InputError where the file has none, or names and numbers that do not fit together.
GraphCells restore_graph_cells(const Safetensors& in, std::int64_t n_latents, const std::string& where);

}  // namespace cellverdict
