#pragma once
// Writes a table of numbers, one line a cell or one line a gene, zeros included. For programs that read nothing else: a matrix of a
// million cells has a thousand times the size it needs. The file appears whole or not at all; same input, same bytes.

#include <cellverdict/io/cell_stream.h>
#include <cellverdict/io/text_output.h>

#include <filesystem>

namespace cellverdict {

struct DelimitedWriteOptions {
  char separator = ',';
  TextPacking packing = TextPacking::plain;
  enum class Lines { cells, genes } lines = Lines::cells;
  std::int64_t memory_bytes = std::int64_t{512}
                              << 20;  // lines of genes: what is held of the matrix; it is read once for each such part
};

// The first column is called cell or gene and holds the names (ids for genes). Numbers are written so that they are read back the
// same. Throws DataError for a name with a line end.
void write_delimited(const std::filesystem::path& path, CellStream& cells, const DelimitedWriteOptions& options);

}  // namespace cellverdict
