#include <cellverdict/io/h5ad_matrix.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace cellverdict {

namespace {

constexpr std::int64_t kRowsLookedAt = 100, kValuesLookedAt = std::int64_t{1} << 18;

bool has_values(const Hdf5Object& root, const std::string& path) {
  return root.has(path) && root.open(path).text_attribute("encoding-type").value_or("") != "null";
}

// "csr", "csc", or "" for what is no compressed matrix of any version.
std::string compressed_format(const Hdf5Object& matrix) {
  const std::string encoding = matrix.text_attribute("encoding-type").value_or("");
  if (encoding == "csr_matrix" || encoding == "csc_matrix") return encoding.substr(0, 3);
  const std::string old = matrix.text_attribute("h5sparse_format").value_or("");
  return encoding.empty() && (old == "csr" || old == "csc") ? old : "";
}

std::int64_t values_of_first_rows(const Hdf5Object& matrix, const Hdf5Object& data) {
  if (compressed_format(matrix) == "csc") return std::min(data.rows(), kValuesLookedAt);
  const Hdf5Object indptr = matrix.open("indptr");
  if (indptr.is_group() || indptr.shape().size() != 1 || indptr.kind() != Hdf5Kind::whole) return 0;
  std::vector<std::int64_t> starts(static_cast<std::size_t>(std::min(indptr.rows(), kRowsLookedAt + 1)));
  indptr.read(0, std::ssize(starts), starts.data());
  return starts.empty() ? 0 : std::clamp<std::int64_t>(starts.back(), 0, std::min(data.rows(), kValuesLookedAt));
}

bool is_numbers(const Hdf5Object& object, std::size_t rank) {
  return !object.is_group() && object.shape().size() == rank &&
         (object.kind() == Hdf5Kind::whole || object.kind() == Hdf5Kind::real);
}

std::string list_others(const std::vector<H5adMatrix>& matrices, const H5adMatrix& chosen) {
  std::vector<std::string> others;
  for (const auto& matrix : matrices)
    if (matrix.name != chosen.name) others.push_back("'" + matrix.name + "'");
  return others.empty() ? "" : "; `layer` may be " + listed(others, 12) + " instead";
}

const H5adMatrix* find_matrix(const std::vector<H5adMatrix>& matrices, const std::string& name) {
  const auto place =
      std::find_if(matrices.begin(), matrices.end(), [&](const auto& m) { return m.name == name || m.path == name; });
  return place == matrices.end() ? nullptr : &*place;
}

// Where counts usually are, most likely first. CELLxGENE keeps them in raw where X is normalised.
std::vector<const H5adMatrix*> likely_counts(const std::vector<H5adMatrix>& matrices, bool cellxgene) {
  std::vector<const char*> names = {"X", "raw", "counts", "raw_counts", "layers/raw"};
  if (cellxgene) std::swap(names[0], names[1]);
  std::vector<const H5adMatrix*> out;
  for (const char* name : names)
    if (const H5adMatrix* matrix = find_matrix(matrices, name); matrix && std::find(out.begin(), out.end(), matrix) == out.end())
      out.push_back(matrix);
  return out;
}

std::vector<std::string> paths_of(const std::vector<const H5adMatrix*>& matrices) {
  std::vector<std::string> paths;
  for (const H5adMatrix* matrix : matrices) paths.push_back(matrix->path);
  return paths;
}

}  // namespace

std::vector<H5adMatrix> list_h5ad_matrices(const Hdf5Object& root) {
  std::vector<H5adMatrix> out;
  if (has_values(root, "X")) out.push_back({"X", "X", "var"});
  if (has_values(root, "raw/X") && root.has("raw/var")) {
    out.push_back({"raw", "raw/X", "raw/var"});
  } else if (has_values(root, "raw.X") && root.has("raw.var")) {
    out.push_back({"raw", "raw.X", "raw.var"});
  }
  if (!root.has("layers")) return out;
  for (const auto& name : root.open("layers").children()) {
    const std::string path = "layers/" + name;
    if (has_values(root, path)) out.push_back({find_matrix(out, name) != nullptr ? path : name, path, "var"});
  }
  return out;
}

bool looks_like_counts(const Hdf5Object& matrix) {
  std::vector<double> values;
  if (!matrix.is_group()) {
    if (!is_numbers(matrix, 2) || matrix.shape()[1] == 0) return false;
    const std::int64_t n_rows =
        std::min({matrix.rows(), kRowsLookedAt, std::max<std::int64_t>(kValuesLookedAt / matrix.shape()[1], 1)});
    values.resize(static_cast<std::size_t>(n_rows * matrix.shape()[1]));
    matrix.read(0, n_rows, values.data());
  } else {
    if (compressed_format(matrix).empty() || !matrix.has("data") || !matrix.has("indptr")) return false;
    const Hdf5Object data = matrix.open("data");
    if (!is_numbers(data, 1)) return false;
    values.resize(static_cast<std::size_t>(values_of_first_rows(matrix, data)));
    data.read(0, std::ssize(values), values.data());
  }
  return std::all_of(values.begin(), values.end(), [](double x) { return x >= 0 && x == std::floor(x) && std::isfinite(x); });
}

H5adMatrix choose_h5ad_matrix(const Hdf5Object& root, const std::string& layer, std::vector<std::string>& notes) {
  const auto matrices = list_h5ad_matrices(root);
  if (!layer.empty()) {
    if (const H5adMatrix* matrix = find_matrix(matrices, layer)) return *matrix;
    std::vector<std::string> names;
    for (const auto& matrix : matrices) names.push_back(matrix.name);
    throw UsageError({.where = "layer",
                      .found = "'" + layer + "', which " + root.file().string() + " does not have",
                      .expected = "",
                      .advice = suggestion(layer, names)});
  }
  if (matrices.empty()) root.refuse("no matrix", "counts in X, in raw/X or in a layer", "the file holds annotations alone");
  const std::string version = cellxgene_version(root);
  const auto likely = likely_counts(matrices, !version.empty());
  for (const H5adMatrix* matrix : likely) {
    if (!looks_like_counts(root.open(matrix->path))) continue;
    if (matrix->name != "X") {
      const bool no_x = find_matrix(matrices, "X") == nullptr;
      notes.push_back("the counts are taken from " + matrix->path +
                      (!version.empty() && matrix->name == "raw" ? ", where files of CELLxGENE have them"
                       : no_x                                    ? ", for there is no X"
                                                                 : ", for X holds no whole counts") +
                      list_others(matrices, *matrix));
    }
    return *matrix;
  }
  const H5adMatrix& first = matrices.front();
  if (matrices.size() > 1)
    notes.push_back((likely.empty() ? "there is no X, no raw and no layer called counts"
                                    : "no whole counts were found in " + listed(paths_of(likely))) +
                    ": " + first.path + " is read as it is" + list_others(matrices, first));
  return first;
}

std::string h5ad_layout_name(H5adLayout layout) {
  return layout == H5adLayout::csr ? "CSR" : layout == H5adLayout::csc ? "CSC" : "dense";
}

H5adLayout check_h5ad_layout(const Hdf5Object& matrix, std::int64_t n_cells, std::int64_t n_genes) {
  if (!matrix.is_group()) return H5adLayout::dense;  // whose reader compares the shape
  const std::string format = compressed_format(matrix);
  if (format.empty()) {
    const std::string encoding = matrix.text_attribute("encoding-type").value_or("");
    matrix.refuse(encoding.empty() ? "a group without encoding-type" : "encoding " + encoding, "csr_matrix, csc_matrix or array");
  }
  const auto shape = matrix.whole_attribute(matrix.has_attribute("shape") ? "shape" : "h5sparse_shape");
  if (!shape || *shape != std::vector<std::int64_t>{n_cells, n_genes})
    matrix.refuse(shape && shape->size() == 2 ? std::to_string((*shape)[0]) + " × " + std::to_string((*shape)[1]) : "no shape",
                  counted(n_cells, "cell") + " × " + counted(n_genes, "gene") + ", as obs and var say");
  return format == "csr" ? H5adLayout::csr : H5adLayout::csc;
}

std::string cellxgene_version(const Hdf5Object& root) {
  for (const char* path : {"uns/schema_version", "uns/version/corpora_schema_version"}) {
    if (!root.has(path)) continue;
    const Hdf5Object version = root.open(path);
    if (version.is_group() || version.kind() != Hdf5Kind::text || version.shape().size() > 1) continue;
    const auto texts = version.read_text().texts();
    if (texts.size() == 1 && !texts[0].empty()) return texts[0];
  }
  return {};
}

}  // namespace cellverdict
