#pragma once
// Reads tables of numbers: CSV, TSV and other delimited text, plain or gzip, cells × genes or genes × cells, as GEO, R and pandas
// write them. The text is parsed once, into sparse entries; what does not fit the memory goes to a temporary file.

#include <cellverdict/io/delimited_layout.h>
#include <cellverdict/io/entry_spill.h>
#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// Throws InputError naming line and column for a value that is missing or no number, and for ragged lines.
std::unique_ptr<CellSource> open_delimited(const std::filesystem::path& path, const OpenOptions& options);

// What a table of text is: a sample sheet has a column `path` or `prefix`, a matrix has columns of numbers. Throws nothing.
enum class TableKind { sheet, matrix, neither };
TableKind kind_of_table(const std::filesystem::path& path);

// The whole table as it stands in the file, before anyone asks which side the genes are on.
struct DelimitedTable {
  DelimitedLayout layout;
  bool gzipped = false;
  Names row_names, column_names;   // columns: those of values
  std::vector<Names> annotations;  // [annotation columns][rows]
  std::vector<std::string> annotation_names;
  std::vector<std::int64_t> starts = {0};  // [rows + 1] of the entries
  EntrySpill entries;                      // not zero; by row, columns ascending
};
DelimitedTable read_delimited(const std::filesystem::path& path, std::int64_t memory_bytes);

// Which side has the genes, and why ("" when the names say it).
struct TableSides {
  bool genes_are_rows = false;
  std::string note;
};
TableSides tell_sides(const DelimitedTable& table);

}  // namespace cellverdict
