#include <cellverdict/io/tenx_mex_write.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <charconv>
#include <cmath>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

void append_number(std::string& text, std::int64_t number) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

// Tab and line end are the only marks these tables have.
void check_name(const std::string& name, const fs::path& folder) {
  if (name.empty() || name.find_first_of("\t\r\n") != std::string::npos)
    throw DataError({.where = folder.string(),
                     .found = name.empty() ? "an empty name" : "the name '" + name + "' with a tab or line end",
                     .expected = "names a table can hold",
                     .advice = "rename it"});
}

TextOutput open_output(const fs::path& folder, const fs::path& shown, std::string name, const TenxMexContents& contents) {
  if (contents.packing == TextPacking::gzip) name += ".gz";
  return {folder / name, shown / name, contents.packing};
}

void write_tables(const fs::path& folder, const fs::path& shown, const TenxMexContents& contents) {
  TextOutput barcodes = open_output(folder, shown, "barcodes.tsv", contents);
  for (const std::string_view name : contents.barcodes) {
    const std::string barcode(name);
    check_name(barcode, shown);
    barcodes.write(barcode + "\n");
  }
  barcodes.finish();
  const bool typed = contents.packing == TextPacking::gzip;  // what reads plain files expects the tables of version 2
  TextOutput features = open_output(folder, shown, typed ? "features.tsv" : "genes.tsv", contents);
  for (std::size_t i = 0; i < contents.genes.ids.size(); ++i) {
    check_name(contents.genes.ids[i], shown);
    check_name(contents.genes.symbols[i], shown);
    features.write(contents.genes.ids[i] + "\t" + contents.genes.symbols[i] + (typed ? "\tGene Expression\n" : "\n"));
  }
  features.finish();
}

void append_rows_as_text(const CsrBlock& block, std::int64_t first_cell, const TenxMexContents& contents, const fs::path& shown,
                         std::string& text) {
  for (std::int64_t i = 0; i < block.n_rows(); ++i) {
    const CsrRow row = block.row(i);
    for (std::size_t k = 0; k < row.genes.size(); ++k) {
      const float value = row.values[k];
      if (row.genes[k] < 0 || row.genes[k] >= contents.genes.size())
        throw InternalError({.where = shown.string(), .found = "gene " + std::to_string(row.genes[k])});
      if (!(value >= 0) || value != std::floor(value) || value > 9e15F)
        throw DataError({.where = shown.string() + " cell " + std::to_string(first_cell + i + 1),
                         .found = "value " + std::to_string(value),
                         .expected = "whole counts, which is what a 10x matrix holds"});
      append_number(text, row.genes[k] + std::int64_t{1});
      text += ' ';
      append_number(text, first_cell + i + 1);
      text += ' ';
      append_number(text, static_cast<std::int64_t>(value));
      text += '\n';
    }
  }
}

void write_matrix(const fs::path& folder, const fs::path& shown, const TenxMexContents& contents) {
  const auto n_cells = static_cast<std::int64_t>(contents.barcodes.size());
  TextOutput out = open_output(folder, shown, "matrix.mtx", contents);
  std::string text = "%%MatrixMarket matrix coordinate integer general\n";
  for (const std::int64_t size : {contents.genes.size(), n_cells, contents.n_nonzero}) {
    append_number(text, size);
    text += ' ';
  }
  text.back() = '\n';
  std::int64_t cell = 0, n_written = 0;
  CsrBlock block;
  while (contents.next_block(block)) {
    append_rows_as_text(block, cell, contents, shown, text);
    cell += block.n_rows();
    n_written += static_cast<std::int64_t>(block.indices.size());
    out.write(text);
    text.clear();
    block.clear();
  }
  out.write(text);
  out.finish();
  if (cell != n_cells || n_written != contents.n_nonzero)
    throw InternalError({.where = shown.string(),
                         .found = counted(cell, "cell") + " with " + counted(n_written, "value"),
                         .expected = counted(n_cells, "cell") + " with " + counted(contents.n_nonzero, "value")});
}

}  // namespace

void write_tenx_mex(const fs::path& folder, const TenxMexContents& contents) {
  AtomicPath out(folder);
  fs::create_directory(out.temporary());
  write_tables(out.temporary(), folder, contents);
  write_matrix(out.temporary(), folder, contents);
  out.commit();
}

}  // namespace cellverdict
