#pragma once
// A source whose columns are genes: what resolve_genes decided, done to each row as it comes by. Must never: hold more than a
// block.

#include <cellverdict/genes/identity.h>
#include <cellverdict/table/cell_source.h>

#include <memory>

namespace cellverdict {

// Gives back `source` itself when nothing changes. The notes of `identity` are those of the new head.
std::unique_ptr<CellSource> with_resolved_genes(std::unique_ptr<CellSource> source, const GeneIdentity& identity);

}  // namespace cellverdict
