#pragma once
// One file (or 10x folder) of measurements, read once from the first cell to the last in sparse row blocks.
//
// To add a format:
//   1. derive from CellSource in io/<format>.cpp; the constructor opens the file, checks it and fills the head;
//   2. give blocks in row order with ascending, distinct genes and no zeros: sort within a row where the format allows any order;
//      refuse NaN, infinities and repeated genes where they stand. Negative values: refuse them where the format is for counts
//      alone (10x), give them where it may hold anything (h5ad), so that a later stage can say "scaled values";
//   3. make `rewind()` start again at row 0;
//   4. teach io/open_source.cpp to recognise the format by content, and add a fixture test.

#include <cellverdict/table/column_pieces.h>
#include <cellverdict/table/csr.h>
#include <cellverdict/table/frame.h>
#include <cellverdict/table/genes.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace cellverdict {

struct SourceHead {
  std::string name;                          // of the source: library folder, file stem or prefix
  std::filesystem::path path;                // what errors point at
  std::string format;                        // "10x MEX v3, gzip", "h5ad CSR"
  std::vector<std::filesystem::path> files;  // all files that make it up, for hashing
  std::int64_t n_cells = 0;
  std::int64_t n_nonzero = -1;  // entries stored; explicit zeros count here and are not given. -1: not known before reading
  GeneList genes;
  Frame obs;  // n_cells rows; index = barcodes; empty where read_names is there
  // The names of cells [first, first + count), of a source that was opened to be read in pieces.
  std::function<Names(std::int64_t first, std::int64_t count)> read_names;
  std::vector<std::int64_t> file_rows;   // [n_cells] where each cell stands in the file; empty: they are all of it, in its order
  std::vector<std::string> obs_columns;  // all that read_obs_column knows; obs holds those that were asked for
  std::vector<std::string> layers;       // matrices OpenOptions::layer may choose of; empty: there is one alone
  std::vector<std::string> embeddings;   // that lie beside the cells (obsm), not read
  std::vector<std::string> notes;        // anything dropped or assumed on opening, one sentence each

  // Wherever the names are.
  Names cell_names(std::int64_t first, std::int64_t count) const;
  std::string cell_name(std::int64_t cell) const { return cell_names(cell, 1).text(0); }
};

class CellSource {
 public:
  virtual ~CellSource() = default;
  virtual const SourceHead& head() const = 0;
  // The next at most `max_rows` cells; false at the end (block then empty). Throws InputError naming file and place.
  virtual bool read_block(std::int64_t max_rows, CsrBlock& block) = 0;
  virtual void rewind() = 0;
  // One column of head().obs_columns, whether obs holds it or not. Throws UsageError for an unknown one.
  virtual Column read_obs_column(const std::string& name) const { return head().obs.column(name, head().path.string()); }
  // The same piece by piece. Sources that hold their columns give pieces of what they hold.
  virtual ColumnPieces open_obs_column(const std::string& name) const { return pieces_of(read_obs_column(name)); }
};

}  // namespace cellverdict
