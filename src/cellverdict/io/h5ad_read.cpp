#include <cellverdict/io/h5ad_read.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_matrix.h>
#include <cellverdict/io/h5ad_obsm.h>
#include <cellverdict/io/h5ad_pieces.h>
#include <cellverdict/io/h5ad_rows.h>
#include <cellverdict/io/kept_source.h>

#include <algorithm>
#include <unordered_map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// What is wrong with the file as a whole.
void check_whole(const Hdf5Object& root) {
  const std::string encoding = root.text_attribute("encoding-type").value_or("anndata");
  if (encoding != "anndata") root.refuse("an HDF5 file of type " + encoding, "anndata", "write the one modality you want as .h5ad");
  if (!root.has("obs") || !root.has("var"))
    root.refuse(root.has("matrix") ? "a 10x Genomics HDF5 matrix" : "an HDF5 file without obs and var", "an .h5ad file",
                "read it in scanpy and write it with write_h5ad");
}

// raw/var mostly has the names of the index alone; the symbols stand in var.
void take_symbols_of_var(const Hdf5Object& root, GeneList& genes) {
  if (genes.symbols != genes.ids) return;
  std::vector<std::string> ignored;
  const GeneList known = read_h5ad_genes(root.open("var"), ignored);
  std::unordered_map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < known.ids.size(); ++i) place.emplace(known.ids[i], i);
  for (std::size_t i = 0; i < genes.ids.size(); ++i)
    if (const auto found = place.find(genes.ids[i]); found != place.end()) genes.symbols[i] = known.symbols[found->second];
}

SourceHead read_head(const Hdf5Object& root, const H5adMatrix& matrix, const OpenOptions& options) {
  const Hdf5Object obs = root.open("obs");
  SourceHead head;
  head.path = root.file();
  head.name = root.file().stem().string();
  head.files = {root.file()};
  if (options.in_pieces) {
    if (!has_h5ad_index(obs)) head.notes.push_back("the rows of " + obs.inner() + " have no names: they are numbered from 0");
    head.read_names = h5ad_names(obs);
    head.n_cells = h5ad_frame_rows(obs);
  } else {
    head.obs = read_h5ad_frame(obs, head.notes, options.hold_column);
    head.n_cells = head.obs.n_rows();
  }
  head.obs_columns = readable_h5ad_columns(obs);
  head.genes = read_h5ad_genes(root.open(matrix.var), head.notes);
  if (matrix.var != "var") take_symbols_of_var(root, head.genes);
  if (head.n_cells == 0) root.refuse("no cells", "at least one");
  if (head.genes.size() == 0) root.refuse("no genes", "at least one");
  if (const std::int64_t repeated = find_repeated(head.obs.index).n_repeated; repeated > 0)
    head.notes.push_back(counted(repeated, "cell name") + " in obs repeat" + (repeated == 1 ? "s" : "") + " another");
  if (root.has("uns/token_dictionary"))
    head.notes.push_back(
        "X holds the ranks of genes (written by `cellverdict tokenise`), not counts: they are no measurements to learn from");
  for (const auto& other : list_h5ad_matrices(root)) head.layers.push_back(other.name);
  head.embeddings = list_h5ad_embeddings(root);
  return head;
}

// A column of texts as a mask; empty when the frame has none so called.
std::vector<bool> rows_with(const Hdf5Object& frame, const std::string& name, const std::string& value, std::int64_t n_rows) {
  const auto columns = readable_h5ad_columns(frame);
  if (std::find(columns.begin(), columns.end(), name) == columns.end()) return {};
  auto pieces = open_h5ad_pieces(frame, name, n_rows);
  if (!pieces || pieces->form == ColumnPieces::Form::numbers) return {};
  const PieceReader reader(std::move(*pieces));
  std::vector<bool> out(static_cast<std::size_t>(n_rows));
  for (std::int64_t first = 0; first < n_rows; first += kPieceRows) {
    const Column column = reader.read(first, std::min(kPieceRows, n_rows - first));
    for (std::int64_t i = 0; i < column.size(); ++i)
      if (column.codes[i] >= 0) out[first + i] = column.levels[column.codes[i]] == value;
  }
  return out;
}

// What CELLxGENE marks as not to be counted: cells that another of its files has too, and spiked-in controls.
KeptParts parts_to_keep(const Hdf5Object& root, const H5adMatrix& matrix, SourceHead& head) {
  KeptParts keep;
  const auto other = rows_with(root.open("obs"), "is_primary_data", "False", head.n_cells);
  if (const std::int64_t n = std::count(other.begin(), other.end(), true); n == head.n_cells) {
    head.notes.push_back("is_primary_data is False for every cell: all are copies of cells of other files, and all are kept");
  } else if (n > 0) {
    keep.cells = other;
    keep.cells.flip();
    head.notes.push_back(counted(n, "cell") + " of " + with_commas(head.n_cells) +
                         " left out as copies of cells of other files (is_primary_data is False)");
  }
  const auto spiked = rows_with(root.open(matrix.var), "feature_biotype", "spike-in", head.genes.size());
  if (const std::int64_t n = std::count(spiked.begin(), spiked.end(), true); n > 0 && n < head.genes.size()) {
    keep.genes = spiked;
    keep.genes.flip();
    head.notes.push_back(counted(n, "gene") + " left out as spiked-in controls (feature_biotype is spike-in)");
  }
  const auto filtered = rows_with(root.open(matrix.var), "feature_is_filtered", "True", head.genes.size());
  if (const std::int64_t n = std::count(filtered.begin(), filtered.end(), true); n > 0 && matrix.name == "X")
    head.notes.push_back(counted(n, "gene") + " marked feature_is_filtered: zero in X, whatever was measured");
  return keep;
}

std::unique_ptr<CellSource> open_rows(const Hdf5Object& root, const H5adMatrix& matrix, SourceHead head,
                                      const OpenOptions& options) {
  Hdf5Object x = root.open(matrix.path);
  const H5adLayout layout = check_h5ad_layout(x, head.n_cells, head.genes.size());
  head.format = "h5ad " + h5ad_layout_name(layout) + (matrix.path == "X" ? "" : ", " + matrix.path);
  if (layout == H5adLayout::csc) return open_csc_rows(std::move(head), x, options);
  if (layout == H5adLayout::csr) return open_csr_rows(std::move(head), x, options);
  return open_dense_rows(std::move(head), root.open(matrix.path, options.memory_bytes / 4), options);
}

// The rows of a matrix, with the columns of obs that were not asked for at hand.
class H5adSource : public CellSource {
 public:
  H5adSource(const Hdf5Object& root, const OpenOptions& options) : obs_(root.open("obs")) {
    std::vector<std::string> notes;
    const H5adMatrix matrix = choose_h5ad_matrix(root, options.layer, notes);
    SourceHead head = read_head(root, matrix, options);
    head.notes.insert(head.notes.end(), notes.begin(), notes.end());
    KeptParts parts = parts_to_keep(root, matrix, head);
    if (parts.cells.empty() && parts.genes.empty()) {
      rows_ = open_rows(root, matrix, std::move(head), options);
      return;
    }
    SourceHead kept = head;
    kept.genes = kept_genes(head.genes, parts.genes);
    if (!parts.cells.empty()) keep_cells(parts.cells, options.in_pieces, head, kept);
    head.obs.names
        .clear();  // the rows behind need the names of all cells and genes for what they say of damage, and no annotations
    head.obs.columns.clear();
    auto all = open_rows(root, matrix, std::move(head), options);
    kept.format = all->head().format;
    rows_ = keep_parts(std::move(all), std::move(kept), std::move(parts));
  }
  const SourceHead& head() const override { return rows_->head(); }
  bool read_block(std::int64_t max_rows, CsrBlock& block) override { return rows_->read_block(max_rows, block); }
  void rewind() override { rows_->rewind(); }
  Column read_obs_column(const std::string& name) const override {
    const auto& known = head().obs_columns;
    const bool held = head().obs.find(name) != nullptr || std::find(known.begin(), known.end(), name) == known.end();
    if (held) return CellSource::read_obs_column(name);
    return kept_column(read_h5ad_column(obs_, name, cells_.empty() ? head().n_cells : n_all_cells_).value(), cells_);
  }
  ColumnPieces open_obs_column(const std::string& name) const override {
    const auto& known = head().obs_columns;
    if (std::find(known.begin(), known.end(), name) == known.end()) return CellSource::open_obs_column(name);
    ColumnPieces pieces = open_h5ad_pieces(obs_, name, kept_rows_ == nullptr ? head().n_cells : n_all_cells_).value();
    return kept_rows_ == nullptr ? pieces : kept_pieces(std::move(pieces), kept_rows_);
  }

 private:
  void keep_cells(const std::vector<bool>& cells, bool in_pieces, const SourceHead& all, SourceHead& kept) {
    n_all_cells_ = all.n_cells;
    kept_rows_ = std::make_shared<const KeptRows>(cells);
    kept.n_cells = kept_rows_->size();
    if (in_pieces) {
      kept.read_names = kept_names(all.read_names, kept_rows_);
      return;
    }
    cells_ = cells;
    kept.obs = kept_rows(all.obs, cells);
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (cells[i]) kept.file_rows.push_back(static_cast<std::int64_t>(i));
  }

  std::unique_ptr<CellSource> rows_;
  Hdf5Object obs_;
  std::int64_t n_all_cells_ = 0;
  std::vector<bool> cells_;                    // [all cells of the file] whether it is given; empty: all are, or kept_rows_ knows
  std::shared_ptr<const KeptRows> kept_rows_;  // null: all are
};

}  // namespace

std::unique_ptr<CellSource> open_h5ad(const fs::path& path, const OpenOptions& options) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  check_whole(root);
  return std::make_unique<H5adSource>(root, options);
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
