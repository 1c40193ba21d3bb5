#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/loom_write.h>

#include <algorithm>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kChunk = 64;  // as loompy writes it

template <class T>
void write_bands(Hdf5Group& root, Hdf5Element element, CellStream& cells, const LoomWriteOptions& options,
                 const std::string& where) {
  const std::int64_t n_genes = cells.genes.size(), n_cells = cells.n_cells();
  Hdf5Matrix matrix =
      root.empty_matrix("matrix", element, {.n_rows = n_genes, .n_columns = n_cells, .chunk = kChunk, .packing = options.packing});
  const std::int64_t fit = options.memory_bytes / 4 / (n_genes * static_cast<std::int64_t>(sizeof(T))) / kChunk * kChunk;
  const std::int64_t band = std::clamp<std::int64_t>(fit, kChunk, 1024);
  std::vector<T> dense;  // [genes, cells of the band]
  std::int64_t first = 0, width = 0, cell = 0;
  const auto begin_band = [&] {
    first = cell;
    width = std::min(band, n_cells - first);
    dense.assign(static_cast<std::size_t>(n_genes * width), 0);
  };
  begin_band();
  for (CsrBlock block; cells.next_block(block);)
    for (std::int64_t i = 0; i < block.n_rows(); ++i) {
      if (cell >= n_cells) throw InternalError({.where = where, .found = "more cells than announced"});
      const CsrRow row = block.row(i);
      for (std::size_t k = 0; k < row.genes.size(); ++k) dense[row.genes[k] * width + cell - first] = static_cast<T>(row.values[k]);
      if (++cell < first + width) continue;
      matrix.write_columns(first, width, dense.data());
      if (cell < n_cells) begin_band();
    }
  if (cell != n_cells) throw InternalError({.where = where, .found = counted(cell, "cell"), .expected = counted(n_cells, "cell")});
}

Names texts_of(const Column& column) {
  Names out;
  for (std::int64_t i = 0; i < column.size(); ++i) out.push_back(column.text(i));
  return out;
}

void write_annotations(Hdf5Group& root, const CellStream& cells, std::vector<std::string>& lost) {
  Hdf5Group genes = root.group("row_attrs", "", "");
  genes.plain_text("Gene", cells.genes.symbols);
  genes.plain_text("Accession", cells.genes.ids);
  Hdf5Group columns = root.group("col_attrs", "", "");
  columns.plain_text("CellID", cells.obs.index);
  for (std::size_t i = 0; i < cells.obs.names.size(); ++i) {
    const std::string& name = cells.obs.names[i];
    const Column& column = cells.obs.columns[i];
    if (name.find('/') != std::string::npos || name == "CellID" || name == "." || name.empty()) {
      lost.push_back("the obs column '" + name + "', whose name a loom file cannot hold");
    } else if (column.kind == Column::Kind::number) {
      columns.plain_numbers(name, column.numbers);
    } else {
      columns.plain_text(name, texts_of(column));
    }
  }
}

}  // namespace

std::vector<std::string> write_loom(const fs::path& path, CellStream& cells, const LoomWriteOptions& options) {
  AtomicPath out(path);
  std::vector<std::string> lost;
  {
    Hdf5Group root = Hdf5Group::create_file(out.temporary(), path, 1);
    if (cells.whole) {
      write_bands<std::int32_t>(root, Hdf5Element::int32, cells, options, path.string());
    } else {
      write_bands<float>(root, Hdf5Element::float32, cells, options, path.string());
    }
    write_annotations(root, cells, lost);
    for (const char* name : {"layers", "row_graphs", "col_graphs"}) root.group(name, "", "");
    root.group("attrs", "", "").plain_scalar_text("LOOM_SPEC_VERSION", "3.0.0");
    root.close_file();
  }
  out.commit();
  return lost;
}

}  // namespace cellverdict
