#include <cellverdict/io/h5ad_obsm.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>

#include <algorithm>

namespace cellverdict {

namespace {

Embedding from_matrix(const Hdf5Object& matrix) {
  Embedding out{.n_cells = matrix.rows(), .n_dimensions = matrix.shape().size() == 2 ? matrix.shape()[1] : 1};
  out.values.resize(static_cast<std::size_t>(out.n_cells * out.n_dimensions));
  matrix.read(0, out.n_cells, out.values.data());
  return out;
}

Embedding from_frame(const Hdf5Object& group) {
  const Frame head = read_h5ad_index(group);
  Embedding out{.n_cells = head.n_rows(), .n_dimensions = static_cast<std::int64_t>(head.names.size()), .columns = head.names};
  out.values.resize(static_cast<std::size_t>(out.n_cells * out.n_dimensions));
  for (std::int64_t d = 0; d < out.n_dimensions; ++d) {
    const auto column = read_h5ad_column(group, head.names[d], out.n_cells);
    if (!column || column->kind != Column::Kind::number)
      group.refuse("column '" + head.names[d] + "', which holds no numbers", "numbers alone");
    for (std::int64_t i = 0; i < out.n_cells; ++i) out.values[i * out.n_dimensions + d] = static_cast<float>(column->numbers[i]);
  }
  return out;
}

}  // namespace

std::vector<std::string> list_h5ad_embeddings(const Hdf5Object& root) {
  if (!root.has("obsm")) return {};
  const Hdf5Object obsm = root.open("obsm");
  return obsm.is_group() ? obsm.children() : obsm.fields();
}

namespace {

// Known to be a table of numbers with a row for each cell.
struct OpenedEmbedding {
  Hdf5Object object;
  std::int64_t n_cells, n_dimensions;
  bool is_frame() const { return object.is_group(); }
};

OpenedEmbedding open_embedding(const std::filesystem::path& path, const std::string& name, std::int64_t cache_bytes) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  const auto names = list_h5ad_embeddings(root);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw UsageError(
        {.where = path.string() + " obsm", .found = "no '" + name + "'", .expected = "", .advice = suggestion(name, names)});
  const Hdf5Object obsm = root.open("obsm");
  Hdf5Object object = open_h5ad_column(obsm, name);
  const std::string encoding = object.is_group() ? object.text_attribute("encoding-type").value_or("a group without a mark") : "";
  if (object.is_group() && encoding != "dataframe") object.refuse(encoding, "a dense array or a dataframe");
  std::int64_t n_cells = 0, n_dimensions = 1;
  if (object.is_group()) {
    const Frame head = read_h5ad_index(object);
    n_cells = head.n_rows();
    n_dimensions = static_cast<std::int64_t>(head.names.size());
  } else {
    if (object.shape().empty() || object.shape().size() > 2) object.refuse("something else than a matrix", "cells × dimensions");
    n_cells = object.rows();
    if (object.shape().size() == 2) n_dimensions = object.shape()[1];
    if (obsm.is_group() && cache_bytes > 0) object = obsm.open(name, cache_bytes);
  }
  if (const std::int64_t n = read_h5ad_index(root.open("obs")).n_rows(); n_cells != n)
    object.refuse(counted(n_cells, "row"), with_commas(n) + ", one for each cell of obs");
  return {std::move(object), n_cells, n_dimensions};
}

}  // namespace

Embedding read_h5ad_obsm(const std::filesystem::path& path, const std::string& name) {
  const OpenedEmbedding opened = open_embedding(path, name, 0);
  return opened.is_frame() ? from_frame(opened.object) : from_matrix(opened.object);
}

std::int64_t h5ad_obsm_width(const std::filesystem::path& path, const std::string& name) {
  return open_embedding(path, name, 0).n_dimensions;
}

void read_h5ad_obsm_rows(const std::filesystem::path& path, const std::string& name, std::int64_t block_bytes,
                         const std::function<void(const EmbeddingBlock&)>& see) {
  const OpenedEmbedding opened = open_embedding(path, name, block_bytes);
  const std::int64_t n_dimensions = opened.n_dimensions;
  if (opened.is_frame()) {
    const Embedding all = from_frame(opened.object);
    return see({.first_row = 0, .n_rows = all.n_cells, .n_dimensions = n_dimensions, .values = all.values});
  }
  std::int64_t step = std::max<std::int64_t>(1, block_bytes / std::max<std::int64_t>(1, 4 * n_dimensions));
  if (const std::int64_t chunk = opened.object.chunk_rows(); chunk > 0 && step > chunk) step -= step % chunk;
  std::vector<float> values;
  for (std::int64_t first = 0; first < opened.n_cells; first += step) {
    const std::int64_t n = std::min(step, opened.n_cells - first);
    values.resize(static_cast<std::size_t>(n * n_dimensions));
    opened.object.read(first, n, values.data());
    see({.first_row = first, .n_rows = n, .n_dimensions = n_dimensions, .values = values});
  }
}

}  // namespace cellverdict
