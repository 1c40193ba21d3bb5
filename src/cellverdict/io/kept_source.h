#pragma once
// A source with some of its cells or genes left out, for readers of formats that mark what should not be counted twice or at all.

#include <cellverdict/table/cell_source.h>

#include <memory>
#include <vector>

namespace cellverdict {

struct KeptParts {
  std::vector<bool> cells;  // [cells of the whole source] empty: all
  std::vector<bool> genes;  // [genes of the whole source] empty: all
};

// Gives the cells and genes of `whole` that are kept, under `head`, which describes them alone.
std::unique_ptr<CellSource> keep_parts(std::unique_ptr<CellSource> whole, SourceHead head, KeptParts parts);

// What is kept of columns, names and genes; everything when `keep` is empty.
Column kept_column(const Column& column, const std::vector<bool>& keep);
Frame kept_rows(const Frame& frame, const std::vector<bool>& keep);
GeneList kept_genes(const GeneList& genes, const std::vector<bool>& keep);

}  // namespace cellverdict
