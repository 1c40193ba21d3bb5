#include <cellverdict/io/loom.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/gene_columns.h>
#include <cellverdict/io/h5ad_rows.h>
#include <cellverdict/io/hdf5_object.h>

#include <algorithm>
#include <array>
#include <optional>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kUsualBand = 1024;  // cells; more gain nothing where the matrix is chunked

// In order of preference: what identifies comes first, then what people read.
constexpr std::array kGeneAttributes = {"Accession",  "ensembl_id", "ensembl_ids",  "gene_ids",     "gene_id",    "GeneID",
                                        "feature_id", "Gene",       "var_names",    "GeneName",     "gene_names", "gene_name",
                                        "Symbol",     "symbol",     "gene_symbols", "feature_name", "features",   "name"};
constexpr std::array kCellAttributes = {"CellID",   "obs_names", "cell_id", "cell_names",
                                        "CellName", "barcode",   "Barcode", "barcodes"};

// One text or number a gene or cell, not a table of them.
bool holds_one_value(const Hdf5Object& attribute) {
  if (attribute.is_group()) return false;
  const auto& shape = attribute.shape();
  if (shape.empty() || shape.size() > 2 || (shape.size() == 2 && shape[1] != 1)) return false;
  return attribute.kind() == Hdf5Kind::whole || attribute.kind() == Hdf5Kind::real || attribute.kind() == Hdf5Kind::text;
}

// Nothing for attributes of another shape or kind.
std::optional<Column> read_attribute(const Hdf5Object& attribute, std::int64_t length) {
  if (!holds_one_value(attribute)) return std::nullopt;
  if (attribute.rows() != length)
    attribute.refuse(counted(attribute.rows(), "value"), with_commas(length) + ", as the matrix has", "the file is damaged");
  if (attribute.kind() == Hdf5Kind::text) return make_text_column(attribute.read_text());
  return make_number_column(attribute.read_all<double>());
}

std::vector<std::string> texts_of(const Column& column) {
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < column.size(); ++i) out.push_back(column.text(i));
  return out;
}

GeneList read_genes(const Hdf5Object& attributes, std::int64_t n_genes, std::vector<std::string>& notes) {
  std::vector<NameColumn> columns;
  for (const char* name : kGeneAttributes) {
    if (!attributes.has(name)) continue;
    const auto column = read_attribute(attributes.open(name), n_genes);
    if (column) columns.push_back({name, texts_of(*column)});
  }
  if (columns.empty()) {
    const auto there = attributes.children();
    attributes.refuse(there.empty() ? "no attributes of the genes" : "only " + listed(there),
                      "Gene or Accession, which name the genes");
  }
  // An accession that is no Ensembl id serves only where the symbols repeat.
  std::stable_partition(columns.begin(), columns.end(), [](const NameColumn& c) { return is_symbol_header(c.name); });
  ChosenGenes chosen = choose_genes(columns);
  if (!chosen.genes)
    attributes.refuse("a gene without a name", "a name in Gene, or an Accession, for every gene",
                      "name them in loompy and write the file again");
  if (chosen.ids_from != "Gene") notes.push_back("gene ids are those of row_attrs/" + chosen.ids_from);
  return std::move(*chosen.genes);
}

// Name of the attribute that names the cells; empty: none does.
std::string read_cell_names(const Hdf5Object& attributes, std::int64_t n_cells, SourceHead& head) {
  for (const char* name : kCellAttributes) {
    if (!attributes.has(name)) continue;
    const auto column = read_attribute(attributes.open(name), n_cells);
    if (!column) continue;
    for (std::int64_t i = 0; i < n_cells; ++i) head.obs.index.push_back(column->text(i));
    if (const auto repeated = find_repeated(head.obs.index).n_repeated; repeated > 0)
      head.notes.push_back(counted(repeated, "cell name") + " in " + name + " repeat" + (repeated == 1 ? "s" : "") + " another");
    return name;
  }
  for (std::int64_t i = 0; i < n_cells; ++i) head.obs.index.push_back("cell_" + std::to_string(i + 1));
  head.notes.push_back("the file names no cells (no col_attrs/CellID), so they are called cell_1, cell_2, …");
  return {};
}

void read_cells(const Hdf5Object& attributes, const OpenOptions& options, SourceHead& head) {
  const std::string index_name = read_cell_names(attributes, head.n_cells, head);
  for (const auto& name : attributes.children()) {
    if (name == index_name) continue;
    const Hdf5Object attribute = attributes.open(name);
    if (!holds_one_value(attribute)) {
      head.notes.push_back("left out " + attribute.inner() + ", which is not one text or number a cell");
      continue;
    }
    head.obs_columns.push_back(name);
    if (!options.hold_column || options.hold_column(name)) head.obs.set(name, read_attribute(attribute, head.n_cells).value());
  }
}

class LoomRows : public H5adRows {
 public:
  LoomRows(SourceHead head, Hdf5Object matrix, Hdf5Object cells, const OpenOptions& options)
      : H5adRows(std::move(head), matrix.where(), options), matrix_(std::move(matrix)), cells_(std::move(cells)) {
    // A band is held as it is read (4 bytes a value) and as rows (8 bytes a value that is not zero).
    const std::int64_t fit = std::max<std::int64_t>(options.memory_bytes / 2 / (head_.genes.size() * 12), 1);
    const std::int64_t chunk = std::max<std::int64_t>(matrix_.chunk_columns(), 1);
    band_cells_ = fit;
    if (matrix_.chunk_columns() > 0) band_cells_ = std::min(fit, std::max(chunk, kUsualBand / chunk * chunk));
    if (band_cells_ > chunk) band_cells_ = band_cells_ / chunk * chunk;
  }

  Column read_obs_column(const std::string& name) const override {
    const auto& known = head_.obs_columns;
    const bool held = head_.obs.find(name) != nullptr || std::find(known.begin(), known.end(), name) == known.end();
    return held ? CellSource::read_obs_column(name) : read_attribute(cells_.open(name), head_.n_cells).value();
  }

 protected:
  void load(std::int64_t first, std::int64_t end, CsrBlock& block) override {
    block.clear();
    for (std::int64_t cell = first; cell < end;) {
      if (cell < band_begin_ || cell >= band_end_) load_band(cell);
      const std::int64_t stop = std::min(end, band_end_);
      const std::int64_t from = starts_[cell - band_begin_], to = starts_[stop - band_begin_];
      block.indices.insert(block.indices.end(), genes_.begin() + from, genes_.begin() + to);
      block.values.insert(block.values.end(), values_.begin() + from, values_.begin() + to);
      for (; cell < stop; ++cell)
        block.indptr.push_back(block.indptr.back() + starts_[cell - band_begin_ + 1] - starts_[cell - band_begin_]);
    }
  }

 private:
  // The band that holds a cell: [genes, cells of the band] turned into rows of cells. Both sweeps go along memory.
  void load_band(std::int64_t cell_in_it) {
    band_begin_ = cell_in_it / band_cells_ * band_cells_;
    band_end_ = std::min(head_.n_cells, band_begin_ + band_cells_);
    const std::int64_t n = band_end_ - band_begin_, n_genes = head_.genes.size();
    dense_.resize(static_cast<std::size_t>(n * n_genes));
    matrix_.read_columns(band_begin_, n, dense_.data());
    starts_.assign(static_cast<std::size_t>(n + 1), 0);
    for (std::int64_t gene = 0; gene < n_genes; ++gene)
      for (std::int64_t cell = 0; cell < n; ++cell) starts_[cell + 1] += dense_[gene * n + cell] != 0;
    for (std::int64_t cell = 0; cell < n; ++cell) starts_[cell + 1] += starts_[cell];
    genes_.resize(static_cast<std::size_t>(starts_.back()));
    values_.resize(static_cast<std::size_t>(starts_.back()));
    std::vector<std::int64_t> cursor(starts_.begin(), starts_.end() - 1);
    for (std::int64_t gene = 0; gene < n_genes; ++gene)
      for (std::int64_t cell = 0; cell < n; ++cell) {
        const float value = dense_[gene * n + cell];
        if (value == 0) continue;
        const std::int64_t place = cursor[cell]++;
        genes_[place] = static_cast<std::int32_t>(gene);
        values_[place] = value;
      }
  }

  Hdf5Object matrix_, cells_;
  std::int64_t band_cells_ = 1, band_begin_ = 0, band_end_ = 0;
  std::vector<float> dense_, values_;  // [genes, band cells]; [entries of the band]
  std::vector<std::int32_t> genes_;    // [entries of the band]
  std::vector<std::int64_t> starts_;   // [band cells + 1]
};

Hdf5Object open_matrix(const Hdf5Object& root, const OpenOptions& options) {
  if (options.layer.empty() || options.layer == "X") return root.open("matrix", options.memory_bytes / 8);
  if (!root.has("layers/" + options.layer)) {
    const auto layers = root.has("layers") ? root.open("layers").children() : std::vector<std::string>();
    root.refuse("no layer '" + options.layer + "'", layers.empty() ? "" : "one of its layers",
                layers.empty() ? "the file has no layers; leave --layer out" : suggestion(options.layer, layers));
  }
  return root.open("layers/" + options.layer, options.memory_bytes / 8);
}

// Version 3 keeps its own attributes as datasets below attrs, older ones at the root.
std::string version_of(const Hdf5Object& root) {
  if (root.has("attrs/LOOM_SPEC_VERSION")) {
    const Hdf5Object version = root.open("attrs/LOOM_SPEC_VERSION");
    if (!version.is_group() && version.kind() == Hdf5Kind::text && version.shape().empty())
      return " " + version.read_text().text(0);
  }
  const auto version = root.text_attribute("LOOM_SPEC_VERSION");
  return version ? " " + *version : "";
}

bool laid_out_as_loom(const Hdf5Object& root) {
  if (!root.has("matrix") || !root.has("row_attrs") || !root.has("col_attrs")) return false;
  return !root.open("matrix").is_group();
}

}  // namespace

std::unique_ptr<CellSource> open_loom(const fs::path& path, const OpenOptions& options) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  if (!laid_out_as_loom(root)) root.refuse("an HDF5 file without matrix, row_attrs and col_attrs", "a .loom file");
  Hdf5Object matrix = open_matrix(root, options);
  if (matrix.is_group() || matrix.shape().size() != 2) matrix.refuse("no matrix", "genes × cells");
  SourceHead head;
  head.path = path;
  head.name = path.stem().string();
  head.files = {path};
  head.format = "loom" + version_of(root);
  head.n_cells = matrix.shape()[1];
  const std::int64_t n_genes = matrix.shape()[0];
  if (head.n_cells == 0) matrix.refuse("no cells", "at least one");
  if (n_genes == 0) matrix.refuse("no genes", "at least one");
  if (matrix.kind() != Hdf5Kind::whole && matrix.kind() != Hdf5Kind::real) matrix.refuse("values that are not numbers", "numbers");
  head.genes = read_genes(root.open("row_attrs"), n_genes, head.notes);
  read_cells(root.open("col_attrs"), options, head);
  return std::make_unique<LoomRows>(std::move(head), std::move(matrix), root.open("col_attrs"), options);
}

}  // namespace cellverdict
