#pragma once
// One matrix from any format that is read into any that is written, as a stream: the dense matrix is never made.

#include <cellverdict/base/run_context.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct ConvertRequest {
  std::filesystem::path input;
  std::filesystem::path output;      // its name says the format: .h5ad, .h5, .loom, .csv, .tsv (.gz), else a 10x folder
  std::string where;                 // which cells; empty: all
  std::string layer, genome;         // of the input
  std::string genes_are;             // input tables: "rows", "columns"; empty: told by the file
  bool genes_by_cells = false;       // output tables: a line a gene
  std::optional<bool> gzip;          // nothing: as the format usually is
  std::filesystem::path write_into;  // .h5ad whose copy the output is to be, with the matrix as a further layer
  std::string as = "counts";         // name of that layer
};

struct ConvertResult {
  std::string from, to;  // formats
  std::int64_t n_cells = 0, n_genes = 0, n_nonzero = 0;
  std::int64_t n_left_out = 0;     // cells, by `where`
  std::vector<std::string> notes;  // of the reader
  std::vector<std::string> lost;   // what the output cannot hold
};

// Reads the matrix twice: to count, and to write. Throws UsageError for an output of unknown format, and what reading and writing
// throw. The output appears whole or not at all.
ConvertResult convert_file(const RunContext& context, const ConvertRequest& request);

// The same for write_into, in convert_layer.cpp: cells and genes are matched by name, and all of the file's must be there.
ConvertResult convert_into_layer(const RunContext& context, const ConvertRequest& request);

}  // namespace cellverdict
