#include <cellverdict/io/h5ad_obsm.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>

#include <algorithm>

namespace cellverdict {

namespace {

Embedding from_matrix(const Hdf5Object& matrix) {
  if (matrix.shape().empty() || matrix.shape().size() > 2) matrix.refuse("something else than a matrix", "cells × dimensions");
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

Embedding read_h5ad_obsm(const std::filesystem::path& path, const std::string& name) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  const auto names = list_h5ad_embeddings(root);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw UsageError(
        {.where = path.string() + " obsm", .found = "no '" + name + "'", .expected = "", .advice = suggestion(name, names)});
  const Hdf5Object obsm = root.open("obsm"), object = open_h5ad_column(obsm, name);
  const std::string encoding = object.is_group() ? object.text_attribute("encoding-type").value_or("a group without a mark") : "";
  if (object.is_group() && encoding != "dataframe") object.refuse(encoding, "a dense array or a dataframe");
  Embedding out = object.is_group() ? from_frame(object) : from_matrix(object);
  if (const std::int64_t n_cells = read_h5ad_index(root.open("obs")).n_rows(); out.n_cells != n_cells)
    object.refuse(counted(out.n_cells, "row"), with_commas(n_cells) + ", one for each cell of obs");
  return out;
}

}  // namespace cellverdict
