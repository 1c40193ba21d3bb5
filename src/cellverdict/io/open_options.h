#pragma once
// How a file of measurements is to be opened; every reader takes what concerns its format.

#include <cstdint>
#include <functional>
#include <string>

namespace cellverdict {

struct OpenOptions {
  std::int64_t memory_bytes = std::int64_t{512} << 20;  // most a reader may hold at a time (column-compressed h5ad)
  int threads = 1;
  std::string layer;      // h5ad, loom: "X", "raw" or the name of a layer; empty: the one that holds counts
  std::string genome;     // 10x HDF5 of several genomes: the one to read
  std::string genes_are;  // tables of text: "rows", "columns"; empty: told by the names, else by the shape
  std::function<bool(const std::string&)> hold_column;  // which columns of obs head() is to hold; empty: all
  // Of files whose cells may be more than memory should hold (h5ad, 10x HDF5): no names and no columns are held,
  // SourceHead::read_names and CellSource::open_obs_column give them in pieces, SourceHead::file_rows stays empty, and nobody has
  // looked whether names repeat. Other formats hold what they always do.
  bool in_pieces = false;
};

// For hold_column: those that are needed are read one by one.
inline bool hold_no_column(const std::string& /*name*/) {
  return false;
}

}  // namespace cellverdict
