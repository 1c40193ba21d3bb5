#include <cellverdict/io/h5ad_obsm.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_pieces.h>
#include <cellverdict/io/h5ad_rows.h>

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

constexpr std::int64_t kMostDimensions = 100'000;  // of a sparse one, which is made dense

enum class EmbeddingForm { dense, frame, by_row, by_column };

// Known to be a table of numbers with a row for each cell.
struct OpenedEmbedding {
  Hdf5Object object;
  std::int64_t n_cells, n_dimensions;
  EmbeddingForm form;
};

[[noreturn]] void refuse_other_length(const Hdf5Object& object, std::int64_t found, std::int64_t n_cells) {
  object.refuse(counted(found, "row"), with_commas(n_cells) + ", one for each cell of obs");
}

OpenedEmbedding open_group(Hdf5Object object, std::int64_t n_cells) {
  const std::string encoding = object.text_attribute("encoding-type").value_or("a group without a mark");
  if (encoding == "dataframe") {
    const std::int64_t n_rows = h5ad_frame_rows(object);
    if (n_rows != n_cells) refuse_other_length(object, n_rows, n_cells);
    const auto n_dimensions = std::ssize(h5ad_frame_parts(object).columns);
    return {std::move(object), n_cells, n_dimensions, EmbeddingForm::frame};
  }
  if (encoding != "csr_matrix" && encoding != "csc_matrix") object.refuse(encoding, "an array, a sparse matrix or a dataframe");
  const auto shape = object.whole_attribute("shape");
  if (!shape || shape->size() != 2) object.refuse("a sparse matrix without a shape", "cells × dimensions");
  if ((*shape)[0] != n_cells) refuse_other_length(object, (*shape)[0], n_cells);
  const std::int64_t n_dimensions = (*shape)[1];
  if (n_dimensions < 0 || n_dimensions > kMostDimensions)
    object.refuse(counted(n_dimensions, "dimension"), "at most " + with_commas(kMostDimensions), "it is read as a dense matrix");
  return {std::move(object), n_cells, n_dimensions, encoding == "csr_matrix" ? EmbeddingForm::by_row : EmbeddingForm::by_column};
}

OpenedEmbedding open_embedding(const std::filesystem::path& path, const std::string& name, std::int64_t cache_bytes) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  const auto names = list_h5ad_embeddings(root);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw UsageError(
        {.where = path.string() + " obsm", .found = "no '" + name + "'", .expected = "", .advice = suggestion(name, names)});
  const Hdf5Object obsm = root.open("obsm");
  Hdf5Object object = open_h5ad_column(obsm, name);
  const std::int64_t n_cells = h5ad_frame_rows(root.open("obs"));
  if (object.is_group()) return open_group(std::move(object), n_cells);
  if (object.shape().empty() || object.shape().size() > 2) object.refuse("something else than a matrix", "cells × dimensions");
  const std::int64_t n_dimensions = object.shape().size() == 2 ? object.shape()[1] : 1;
  if (object.rows() != n_cells) refuse_other_length(object, object.rows(), n_cells);
  if (obsm.is_group() && cache_bytes > 0) object = obsm.open(name, cache_bytes);
  return {std::move(object), n_cells, n_dimensions, EmbeddingForm::dense};
}

std::int64_t rows_of(std::int64_t block_bytes, std::int64_t n_dimensions) {
  return std::max<std::int64_t>(1, block_bytes / std::max<std::int64_t>(1, 4 * n_dimensions));
}

// Blocks of dense rows of what is compressed by row. What stands there twice is added up, as scipy does it.
void read_sparse_rows(const OpenedEmbedding& opened, std::int64_t block_bytes,
                      const std::function<void(const EmbeddingBlock&)>& see) {
  const std::int64_t n_dimensions = opened.n_dimensions, step = rows_of(block_bytes, n_dimensions);
  H5adCompressed matrix(opened.object, opened.n_cells, n_dimensions, {});
  std::vector<std::int64_t> pointers;
  std::vector<std::int32_t> columns;
  std::vector<float> entries, values;
  for (std::int64_t first = 0; first < opened.n_cells; first += step) {
    const std::int64_t n = std::min(step, opened.n_cells - first);
    matrix.read_pointers(first, n, pointers);
    const std::int64_t n_entries = pointers.back() - pointers.front();
    columns.resize(static_cast<std::size_t>(n_entries));
    entries.resize(static_cast<std::size_t>(n_entries));
    matrix.read(pointers.front(), n_entries, columns.data(), entries.data());
    values.assign(static_cast<std::size_t>(n * n_dimensions), 0);
    for (std::int64_t row = 0; row < n; ++row)
      for (std::int64_t k = pointers[row] - pointers.front(); k < pointers[row + 1] - pointers.front(); ++k)
        values[row * n_dimensions + columns[k]] += entries[k];
    see({.first_row = first, .n_rows = n, .n_dimensions = n_dimensions, .values = values});
  }
}

Embedding from_columns(const OpenedEmbedding& opened) {
  Embedding out{.n_cells = opened.n_cells, .n_dimensions = opened.n_dimensions};
  out.values.resize(static_cast<std::size_t>(out.n_cells * out.n_dimensions));
  H5adCompressed matrix(opened.object, opened.n_dimensions, opened.n_cells, {});
  std::vector<std::int64_t> pointers;
  std::vector<std::int32_t> rows;
  std::vector<float> entries;
  for (std::int64_t d = 0; d < out.n_dimensions; ++d) {
    matrix.read_pointers(d, 1, pointers);
    const std::int64_t n = pointers.back() - pointers.front();
    rows.resize(static_cast<std::size_t>(n));
    entries.resize(static_cast<std::size_t>(n));
    matrix.read(pointers.front(), n, rows.data(), entries.data());
    for (std::int64_t k = 0; k < n; ++k) out.values[rows[k] * out.n_dimensions + d] += entries[k];
  }
  return out;
}

Embedding from_rows(const OpenedEmbedding& opened) {
  constexpr std::int64_t kBlockBytes = std::int64_t{8} << 20;
  Embedding out{.n_cells = opened.n_cells, .n_dimensions = opened.n_dimensions};
  out.values.reserve(static_cast<std::size_t>(out.n_cells * out.n_dimensions));
  read_sparse_rows(opened, kBlockBytes, [&](const EmbeddingBlock& block) {
    out.values.insert(out.values.end(), block.values.begin(), block.values.end());
  });
  return out;
}

Embedding read_whole(const OpenedEmbedding& opened) {
  switch (opened.form) {
    case EmbeddingForm::frame:
      return from_frame(opened.object);
    case EmbeddingForm::by_row:
      return from_rows(opened);
    case EmbeddingForm::by_column:
      return from_columns(opened);
    case EmbeddingForm::dense:
      break;
  }
  return from_matrix(opened.object);
}

}  // namespace

Embedding read_h5ad_obsm(const std::filesystem::path& path, const std::string& name) {
  return read_whole(open_embedding(path, name, 0));
}

std::int64_t h5ad_obsm_width(const std::filesystem::path& path, const std::string& name) {
  return open_embedding(path, name, 0).n_dimensions;
}

void read_h5ad_obsm_rows(const std::filesystem::path& path, const std::string& name, std::int64_t block_bytes,
                         const std::function<void(const EmbeddingBlock&)>& see) {
  const OpenedEmbedding opened = open_embedding(path, name, block_bytes);
  const std::int64_t n_dimensions = opened.n_dimensions;
  if (opened.form == EmbeddingForm::by_row) return read_sparse_rows(opened, block_bytes, see);
  if (opened.form != EmbeddingForm::dense) {
    const Embedding all = read_whole(opened);
    return see({.first_row = 0, .n_rows = all.n_cells, .n_dimensions = n_dimensions, .values = all.values});
  }
  std::int64_t step = rows_of(block_bytes, n_dimensions);
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
