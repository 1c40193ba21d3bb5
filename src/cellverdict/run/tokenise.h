#pragma once
// Files of measurements → rank-value tokens, as a stream: one .h5ad whose X [cells, genes of the dictionary] holds the rank of each
// gene in its cell, 1 for the first token. A few blocks of rows are in memory, besides the annotations of the cells.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/sources.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct TokeniseRequest {
  DataOptions data;                  // files or a sample sheet; where, layer, genome, gene_map
  std::filesystem::path dictionary;  // folder, see io/token_files.h
  std::filesystem::path output;      // .h5ad
  std::int64_t length = 0;           // most tokens of a cell, specials among them; 0: as the dictionary was published
  std::string size = "all";          // a cell's size: sum over "all" genes or the "panel" of the dictionary, or an obs column
  bool as_they_are = false;          // rank values that are no counts too
  bool every_cell = false;           // those that filter_pass leaves out too
  bool gzip = false;
};

struct TokeniseResult {
  std::string version;      // of the dictionary
  std::int64_t length = 0;  // most tokens of a cell
  std::int64_t n_cells = 0, n_left_out = 0, n_empty = 0, n_cropped = 0;
  std::int64_t n_genes = 0, n_found = 0;  // of the dictionary; of these in at least one file
  std::int64_t n_tokens = 0;              // with specials
  std::vector<std::string> notes;
};

// Throws what reading and writing throw; DataError for genes of another species, values that are no counts, a cell whose size is
// not above zero; UsageError for an obs column that is not there. The output appears whole or not at all.
TokeniseResult tokenise_files(const RunContext& context, const TokeniseRequest& request);

}  // namespace cellverdict
