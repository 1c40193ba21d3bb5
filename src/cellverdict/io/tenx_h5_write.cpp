#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/tenx_h5_write.h>

#include <cmath>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::int32_t whole_count(float value, const CellStream& cells, std::int64_t cell, const fs::path& shown) {
  if (!(value >= 0) || value != std::floor(value) || value > 2147483520.0F)
    throw DataError({.where = shown.string() + " cell " + std::string(cells.obs.index[cell]),
                     .found = "value " + std::to_string(value),
                     .expected = "whole counts, which is what a 10x matrix holds",
                     .advice = "write an .h5ad or .loom file"});
  return static_cast<std::int32_t>(value);
}

void write_matrix(Hdf5Group& matrix, CellStream& cells, const TenxH5WriteOptions& options, const fs::path& shown) {
  const auto array = [&](const char* name, Hdf5Element element, std::int64_t length) {
    return options.packing == Hdf5Packing::gzip ? matrix.packed_array(name, element, length) : matrix.array(name, element, length);
  };
  Hdf5Array data = array("data", Hdf5Element::int32, cells.n_nonzero);
  Hdf5Array indices = array("indices", Hdf5Element::int64, cells.n_nonzero);
  Hdf5Array indptr = array("indptr", Hdf5Element::int64, cells.n_cells() + 1);
  std::int64_t end = 0, cell = 0;
  indptr.append(&end, 1);
  std::vector<std::int32_t> counts;
  std::vector<std::int64_t> genes, ends;
  for (CsrBlock block; cells.next_block(block); block.clear()) {
    counts.clear();
    ends.clear();
    for (std::int64_t i = 0; i < block.n_rows(); ++i, ++cell) {
      for (const float value : block.row(i).values) counts.push_back(whole_count(value, cells, cell, shown));
      ends.push_back(end + block.indptr[i + 1]);
    }
    genes.assign(block.indices.begin(), block.indices.end());
    data.append(counts.data(), static_cast<std::int64_t>(counts.size()));
    indices.append(genes.data(), static_cast<std::int64_t>(genes.size()));
    indptr.append(ends.data(), static_cast<std::int64_t>(ends.size()));
    end = indices.filled();
  }
  if (cell != cells.n_cells() || end != cells.n_nonzero)
    throw InternalError({.where = shown.string(), .found = counted(cell, "cell"), .expected = counted(cells.n_cells(), "cell")});
}

}  // namespace

void write_tenx_h5(const fs::path& path, CellStream& cells, const TenxH5WriteOptions& options) {
  AtomicPath out(path);
  {
    Hdf5Group root = Hdf5Group::create_file(out.temporary(), path, 1);
    {
      Hdf5Group matrix = root.group("matrix", "", "");
      write_matrix(matrix, cells, options, path);
      matrix.fixed_text("barcodes", cells.obs.index);
      const std::int32_t shape[] = {static_cast<std::int32_t>(cells.genes.size()), static_cast<std::int32_t>(cells.n_cells())};
      matrix.array("shape", Hdf5Element::int32, 2).append(shape, 2);
      Hdf5Group features = matrix.group("features", "", "");
      const auto n = static_cast<std::size_t>(cells.genes.size());
      features.fixed_text("_all_tag_keys", {"genome"});
      features.fixed_text("id", cells.genes.ids);
      features.fixed_text("name", cells.genes.symbols);
      features.fixed_text("feature_type", std::vector<std::string>(n, "Gene Expression"));
      features.fixed_text("genome", std::vector<std::string>(n, options.genome));
    }
    root.mark("filetype", "matrix");
    root.close_file();
  }
  out.commit();
}

}  // namespace cellverdict
