#include <cellverdict/io/tenx_h5.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_pieces.h>
#include <cellverdict/io/h5ad_rows.h>
#include <cellverdict/io/hdf5_format.h>
#include <cellverdict/io/tenx_files.h>

#include <algorithm>
#include <map>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

struct Features {
  GeneList all;                       // every row of the matrix
  std::vector<std::string> types;     // of every row, empty when the file has none
  std::vector<std::string> genomes;   // of every row, empty when the file has none
  std::vector<std::int32_t> gene_of;  // [rows] index among the genes that are kept, -1 dropped
  std::vector<std::string> notes;
};

std::vector<std::string> read_column(const Hdf5Object& group, const std::string& name, std::int64_t n) {
  const Hdf5Object column = group.open(name);
  auto texts = column.read_text().texts();
  if (static_cast<std::int64_t>(texts.size()) != n)
    column.refuse(counted(static_cast<std::int64_t>(texts.size()), "value"), with_commas(n) + ", as many as there are features");
  return texts;
}

Features read_features_v3(const Hdf5Object& matrix) {
  const Hdf5Object group = matrix.open("features");
  if (!group.is_group()) group.refuse("no group", "a group with id, name and feature_type");
  if (group.has("probe_region") || group.has("filtered_probes"))
    group.refuse("a matrix of probes", "a matrix of genes", "give filtered_feature_bc_matrix.h5 of the same run");
  Features out;
  out.all.ids = group.open("id").read_text().texts();
  const std::int64_t n = out.all.size();
  out.all.symbols = group.has("name") ? read_column(group, "name", n) : out.all.ids;
  if (group.has("feature_type")) out.types = read_column(group, "feature_type", n);
  if (group.has("genome")) out.genomes = read_column(group, "genome", n);
  return out;
}

Features read_features_v2(const Hdf5Object& matrix) {
  Features out;
  out.all.ids = matrix.open("genes").read_text().texts();
  out.all.symbols = matrix.has("gene_names") ? read_column(matrix, "gene_names", out.all.size()) : out.all.ids;
  return out;
}

// Decides which rows stay.
void choose_genes(const Hdf5Object& matrix, const std::string& genome, Features& features) {
  std::map<std::string, std::int64_t> other_types;
  std::set<std::string> genomes;
  std::int64_t n_foreign = 0;
  std::int32_t n_kept = 0;
  for (std::int64_t i = 0; i < features.all.size(); ++i) {
    const bool is_gene = features.types.empty() || features.types[i].empty() || features.types[i] == "Gene Expression";
    const bool foreign = is_gene && !genome.empty() && !features.genomes.empty() && features.genomes[i] != genome;
    if (!is_gene) ++other_types[features.types[i]];
    if (is_gene && !features.genomes.empty()) genomes.insert(features.genomes[i]);
    n_foreign += foreign ? 1 : 0;
    features.gene_of.push_back(is_gene && !foreign ? n_kept++ : -1);
  }
  const std::vector<std::string> names(genomes.begin(), genomes.end());
  for (const auto& [type, count] : other_types) features.notes.push_back("dropped " + counted(count, "row") + " of type " + type);
  if (n_foreign > 0)
    features.notes.push_back("dropped " + counted(n_foreign, "gene") + " of other genomes than " + genome);
  else if (genomes.size() > 1)
    features.notes.push_back("holds genes of " + std::to_string(genomes.size()) + " genomes (" + listed(names) + ")");
  if (n_kept > 0) return;
  if (n_foreign > 0) matrix.refuse("no genes of genome " + genome, "one of " + listed(names), suggestion(genome, names));
  matrix.refuse(other_types.empty() ? "no genes" : "no feature of type Gene Expression", "genes");
}

void check_shape(const Hdf5Object& matrix, std::int64_t n_features, std::int64_t n_cells) {
  if (n_cells == 0) matrix.refuse("no barcodes", "at least one");
  if (!matrix.has("shape")) return;
  const auto shape = matrix.open("shape").read_all<std::int64_t>();
  if (shape == std::vector<std::int64_t>{n_features, n_cells}) return;
  std::string found;
  for (const std::int64_t size : shape) found += (found.empty() ? "" : " × ") + with_commas(size);
  matrix.refuse("a shape of " + found,
                with_commas(n_features) + " features × " + with_commas(n_cells) + " barcodes, as its tables say");
}

// "GSM1" of "GSM1_filtered_feature_bc_matrix.h5"; the folder's of a name that says nothing.
std::string name_of(const fs::path& file) {
  return library_name(file.parent_path().empty() ? fs::path(".") : file.parent_path(), hdf5_prefix(file.filename().string()));
}

void take_barcodes(const Hdf5Object& matrix, const OpenOptions& options, SourceHead& head) {
  Hdf5Object barcodes = matrix.open("barcodes", 1);
  if (options.in_pieces && !barcodes.is_group() && barcodes.shape().size() == 1) {
    head.n_cells = barcodes.rows();
    head.read_names = h5_names(std::move(barcodes));
    return;
  }
  head.obs.index = barcodes.read_text();
  head.n_cells = static_cast<std::int64_t>(head.obs.index.size());
}

// The rows of the matrix without the features that are no genes.
class TenxH5Source : public CellSource {
 public:
  TenxH5Source(const Hdf5Object& matrix, Features features, bool version_3, const OpenOptions& options)
      : gene_of_(std::move(features.gene_of)) {
    SourceHead all{.name = name_of(matrix.file()), .path = matrix.file(), .files = {matrix.file()}};
    take_barcodes(matrix, options, all);
    check_shape(matrix, features.all.size(), all.n_cells);
    head_ = all;
    head_.format = version_3 ? "10x HDF5 v3" : "10x HDF5 v2";
    head_.notes = std::move(features.notes);
    for (std::size_t i = 0; i < gene_of_.size(); ++i) {
      if (gene_of_[i] < 0) continue;
      head_.genes.ids.push_back(features.all.ids[i]);
      head_.genes.symbols.push_back(features.all.symbols[i].empty() ? features.all.ids[i] : features.all.symbols[i]);
    }
    all.genes = std::move(features.all);
    rows_ = open_csr_rows(std::move(all), matrix, options);
    drops_ = head_.genes.size() < static_cast<std::int64_t>(gene_of_.size());
    if (!drops_) head_.n_nonzero = rows_->head().n_nonzero;
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { rows_->rewind(); }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    if (!rows_->read_block(max_rows, drops_ ? whole_ : block)) {
      block.clear();
      return false;
    }
    if (drops_) keep_genes(block);
    for (std::int64_t row = 0; row < block.n_rows(); ++row)
      for (const float value : block.row(row).values)
        if (value < 0) refuse_negative(block.first_row + row, value);
    return true;
  }

 private:
  void keep_genes(CsrBlock& block) const {
    block.clear();
    block.first_row = whole_.first_row;
    for (std::int64_t row = 0; row < whole_.n_rows(); ++row) {
      const CsrRow entries = whole_.row(row);
      for (std::size_t i = 0; i < entries.genes.size(); ++i)
        if (const std::int32_t gene = gene_of_[entries.genes[i]]; gene >= 0) block.push(gene, entries.values[i]);
      block.end_row();
    }
  }

  [[noreturn]] void refuse_negative(std::int64_t row, float value) const {
    throw InputError({.where = head_.path.string() + " row " + std::to_string(row) + " (" + head_.cell_name(row) + ")",
                      .found = "a count of " + std::to_string(value),
                      .expected = "counts of zero or more"});
  }

  SourceHead head_;
  std::unique_ptr<CellSource> rows_;   // of all features
  std::vector<std::int32_t> gene_of_;  // [features] gene, -1 dropped
  bool drops_ = false;
  CsrBlock whole_;
};

// The group of the genome that was asked for, or of the only one.
std::string choose_v2_genome(const Hdf5Object& root, const std::string& wanted) {
  const auto genomes = tenx_v2_genomes(root);
  if (wanted.empty() && genomes.size() == 1) return genomes.front();
  if (wanted.empty())
    root.refuse(std::to_string(genomes.size()) + " genomes (" + listed(genomes) + ")", "the choice of one",
                "name one with --genome " + genomes.front() + ", or [data] genome in an experiment file");
  if (std::find(genomes.begin(), genomes.end(), wanted) == genomes.end())
    root.refuse("no genome " + wanted, "one of " + listed(genomes), suggestion(wanted, genomes));
  return wanted;
}

}  // namespace

std::unique_ptr<CellSource> open_tenx_h5(const fs::path& path, const OpenOptions& options) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  const bool version_3 = hdf5_format(root) == Hdf5Format::tenx_v3;
  const Hdf5Object matrix = root.open(version_3 ? "matrix" : choose_v2_genome(root, options.genome));
  Features features = version_3 ? read_features_v3(matrix) : read_features_v2(matrix);
  choose_genes(matrix, options.genome, features);
  return std::make_unique<TenxH5Source>(matrix, std::move(features), version_3, options);
}

}  // namespace cellverdict
