#pragma once
// A source with some of its cells or genes left out, for readers of formats that mark what should not be counted twice or at all.

#include <cellverdict/table/cell_source.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace cellverdict {

struct KeptParts {
  std::vector<bool> cells;  // [cells of the whole source] empty: all
  std::vector<bool> genes;  // [genes of the whole source] empty: all
};

// Which rows of a file are given, a bit each, and where each of them stands: for sources that hold no list of rows.
class KeptRows {
 public:
  explicit KeptRows(std::vector<bool> keep);
  std::int64_t size() const { return n_kept_; }
  // Calls work(first, keep) with runs of file rows [first, first + keep.size()), in order, that hold the kept rows
  // [first_kept, first_kept + count) and no other kept one: keep tells which of the run these are.
  void each_run(std::int64_t first_kept, std::int64_t count,
                const std::function<void(std::int64_t first, const std::vector<bool>& keep)>& work) const;

 private:
  std::vector<bool> keep_;
  std::vector<std::int64_t> before_;  // kept rows before every 65,536th
  std::int64_t n_kept_ = 0;
};

// What of a whole file is kept, piece by piece.
std::function<Names(std::int64_t, std::int64_t)> kept_names(std::function<Names(std::int64_t, std::int64_t)> whole,
                                                            std::shared_ptr<const KeptRows> rows);
ColumnPieces kept_pieces(ColumnPieces whole, const std::shared_ptr<const KeptRows>& rows);

// Gives the cells and genes of `whole` that are kept, under `head`, which describes them alone.
std::unique_ptr<CellSource> keep_parts(std::unique_ptr<CellSource> whole, SourceHead head, KeptParts parts);

// What is kept of columns, names and genes; everything when `keep` is empty.
Column kept_column(const Column& column, const std::vector<bool>& keep);
Frame kept_rows(const Frame& frame, const std::vector<bool>& keep);
GeneList kept_genes(const GeneList& genes, const std::vector<bool>& keep);

}  // namespace cellverdict
