#include <cellverdict/io/h5ad_read.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_rows.h>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// Everything about the file but X, with what is wrong with it as a whole said first.
SourceHead read_head(const Hdf5Object& root, const OpenOptions& options) {
  const std::string encoding = root.text_attribute("encoding-type").value_or("anndata");
  if (encoding != "anndata") root.refuse("an HDF5 file of type " + encoding, "anndata", "write the one modality you want as .h5ad");
  if (!root.has("obs") || !root.has("var"))
    root.refuse(root.has("matrix") ? "a 10x Genomics HDF5 matrix" : "an HDF5 file without obs and var", "an .h5ad file",
                "read it in scanpy and write it with write_h5ad");
  SourceHead head;
  head.path = root.file();
  head.name = root.file().stem().string();
  head.files = {root.file()};
  head.obs = read_h5ad_frame(root.open("obs"), head.notes, options.hold_column);
  head.obs_columns = readable_h5ad_columns(root.open("obs"));
  head.n_cells = head.obs.n_rows();
  head.genes = read_h5ad_genes(root.open("var"), head.notes);
  if (head.n_cells == 0) root.refuse("no cells", "at least one");
  if (head.genes.size() == 0) root.refuse("no genes", "at least one");
  if (const std::int64_t repeated = find_repeated(head.obs.index).n_repeated; repeated > 0)
    head.notes.push_back(counted(repeated, "cell name") + " in obs repeat" + (repeated == 1 ? "s" : "") + " another");
  return head;
}

// The layout of X: csr_matrix, csc_matrix or array. Throws InputError when X is absent or of another encoding.
std::string layout_of(const Hdf5Object& root, const SourceHead& head) {
  if (!root.has("X"))
    root.refuse("no X", "the counts in X", root.has("layers") || root.has("raw") ? "copy the counts from layers or raw to X" : "");
  const Hdf5Object x = root.open("X");
  const std::string encoding = x.text_attribute("encoding-type").value_or("");
  if (encoding == "null") root.refuse("an empty X", "the counts in X", "copy the counts from a layer to X");
  if (!x.is_group()) return "array";
  if (x.has_attribute("h5sparse_format"))
    x.refuse("the h5sparse encoding of anndata before 0.8", "the encoding of anndata 0.8 or newer",
             "read it with a current anndata and write it again");
  if (encoding != "csr_matrix" && encoding != "csc_matrix")
    x.refuse(encoding.empty() ? "a group without encoding-type" : "encoding " + encoding, "csr_matrix, csc_matrix or array");
  const auto shape = x.whole_attribute("shape");
  if (!shape || *shape != std::vector<std::int64_t>{head.n_cells, head.genes.size()})
    x.refuse(shape && shape->size() == 2 ? std::to_string((*shape)[0]) + " × " + std::to_string((*shape)[1]) : "no shape",
             counted(head.n_cells, "cell") + " × " + counted(head.genes.size(), "gene") + ", as obs and var say");
  return encoding;
}

std::unique_ptr<CellSource> open_rows(const Hdf5Object& root, SourceHead head, const OpenOptions& options) {
  const std::string layout = layout_of(root, head);
  if (layout == "array") return open_dense_rows(std::move(head), root.open("X", options.memory_bytes / 4), options);
  const Hdf5Object x = root.open("X");
  if (layout == "csc_matrix") return open_csc_rows(std::move(head), x, options);
  return open_csr_rows(std::move(head), x, options);
}

// The rows of a matrix, with the columns of obs that were not asked for at hand.
class H5adSource : public CellSource {
 public:
  H5adSource(const Hdf5Object& root, const OpenOptions& options)
      : rows_(open_rows(root, read_head(root, options), options)), obs_(root.open("obs")) {}
  const SourceHead& head() const override { return rows_->head(); }
  bool read_block(std::int64_t max_rows, CsrBlock& block) override { return rows_->read_block(max_rows, block); }
  void rewind() override { rows_->rewind(); }
  Column read_obs_column(const std::string& name) const override {
    const auto& known = head().obs_columns;
    const bool held = head().obs.find(name) != nullptr || std::find(known.begin(), known.end(), name) == known.end();
    return held ? CellSource::read_obs_column(name) : read_h5ad_column(obs_.open(name), head().n_cells).value();
  }

 private:
  std::unique_ptr<CellSource> rows_;
  Hdf5Object obs_;
};

}  // namespace

std::unique_ptr<CellSource> open_h5ad(const fs::path& path, const OpenOptions& options) {
  return std::make_unique<H5adSource>(Hdf5Object::open_file(path), options);
}

DenseH5ad read_dense_h5ad(const fs::path& path) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  std::vector<std::string> notes;
  DenseH5ad out;
  out.obs = read_h5ad_frame(root.open("obs"), notes);
  out.var = read_h5ad_frame(root.open("var"), notes);
  const std::vector<std::int64_t> shape{out.obs.n_rows(), out.var.n_rows()};
  const auto read_matrix = [&](const Hdf5Object& object) {
    if (object.is_group() || object.shape() != shape)
      object.refuse("another shape", std::to_string(shape[0]) + " × " + std::to_string(shape[1]) + " numbers");
    return object.read_all<double>();
  };
  out.x = read_matrix(root.open("X"));
  if (!root.has("layers")) return out;
  const Hdf5Object layers = root.open("layers");
  for (const auto& name : layers.children()) out.layers.emplace_back(name, read_matrix(layers.open(name)));
  return out;
}

}  // namespace cellverdict
