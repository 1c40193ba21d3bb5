#include <cellverdict/io/tenx_mex.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/market_matrix.h>
#include <cellverdict/io/tenx_tables.h>

#include <algorithm>
#include <array>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// `stem` or `stem`.gz; nothing when neither is there. Throws InputError when both are: nobody can know which is meant.
std::optional<fs::path> plain_or_gzip(const fs::path& folder, const std::string& stem) {
  const fs::path plain = folder / stem, gzip = folder / (stem + ".gz");
  const bool has_plain = fs::is_regular_file(plain), has_gzip = fs::is_regular_file(gzip);
  if (has_plain && has_gzip)
    throw InputError({.where = folder.string(),
                      .found = "both " + stem + " and " + stem + ".gz",
                      .expected = "one of them",
                      .advice = "remove the other"});
  if (has_plain) return plain;
  if (has_gzip) return gzip;
  return std::nullopt;
}

// Folder names that pipelines give and that say nothing about the library; the folder above is the library.
bool is_generic(const std::string& name) {
  static constexpr std::array kGeneric = {"filtered_feature_bc_matrix",
                                          "raw_feature_bc_matrix",
                                          "sample_filtered_feature_bc_matrix",
                                          "filtered_gene_bc_matrices",
                                          "raw_gene_bc_matrices",
                                          "outs",
                                          "hg19",
                                          "GRCh38",
                                          "count",
                                          "mm10"};
  return std::find(kGeneric.begin(), kGeneric.end(), name) != kGeneric.end();
}

std::string library_name(const fs::path& folder, std::string prefix) {
  while (!prefix.empty() && (prefix.back() == '_' || prefix.back() == '-' || prefix.back() == '.')) prefix.pop_back();
  if (!prefix.empty()) return prefix;
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string own = path.filename().string();
  while (is_generic(path.filename().string()) && path.parent_path().has_filename()) path = path.parent_path();
  return is_generic(path.filename().string()) ? own : path.filename().string();
}

class TenxMexSource : public CellSource {
 public:
  explicit TenxMexSource(const TenxMexFiles& files) : matrix_(files.matrix) {
    head_.name = files.name;
    head_.path = files.matrix;
    head_.files = {files.matrix, files.barcodes, files.features};
    auto barcodes = read_tenx_barcodes(files.barcodes, matrix_.n_columns());
    auto features = read_tenx_features(files.features, matrix_.n_rows());
    check_counts(files, barcodes.n_lines, features.n_lines);
    refuse_repeated_barcodes(files.barcodes, barcodes);
    refuse_repeated_ids(files.features, features);
    head_.n_cells = matrix_.n_columns();
    head_.obs.index = std::move(barcodes.barcodes);
    head_.genes = std::move(features.genes);
    column_of_row_ = std::move(features.gene_of_row);
    if (barcodes.extra_columns)
      head_.notes.push_back("only the first column of " + files.barcodes.filename().string() + " is read");
    for (const auto& [type, count] : features.dropped)
      head_.notes.push_back("dropped " + counted(count, "row") + " of type " + type);
    if (head_.genes.size() == 0)
      throw InputError({.where = files.features.string(),
                        .found = features.dropped.empty() ? "no genes" : "no row of type Gene Expression",
                        .expected = "genes",
                        .advice = features.dropped.empty() ? "" : "if these are genes, leave the third column out"});
    if (features.dropped.empty()) head_.n_nonzero = matrix_.n_entries();
    head_.format = std::string("10x MEX ") + (features.version_3 ? "v3" : "v2") + (matrix_.gzipped() ? ", gzip" : "");
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { matrix_.rewind(); }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = matrix_.next_column();
    for (std::int64_t i = 0; i < max_rows && matrix_.read_column(entries_); ++i) {
      for (const auto& entry : entries_)
        if (entry.value != 0 && column_of_row_[entry.row] >= 0) block.push(column_of_row_[entry.row], entry.value);
      block.end_row();
    }
    return block.n_rows() > 0;
  }

 private:
  void check_counts(const TenxMexFiles& files, std::int64_t n_barcodes, std::int64_t n_features) const {
    const std::int64_t n_rows = matrix_.n_rows(), n_columns = matrix_.n_columns();
    const std::string sizes = with_commas(n_rows) + " genes × " + with_commas(n_columns) + " cells";
    if (n_barcodes == n_rows && n_features == n_columns && n_rows != n_columns)
      throw InputError({.where = files.matrix.string(),
                        .found = "cells × genes (" + with_commas(n_rows) + " × " + with_commas(n_columns) + ")",
                        .expected = "genes × cells, as 10x writes it",
                        .advice = "transpose the matrix"});
    const auto check = [&](const fs::path& file, std::int64_t found, std::int64_t expected, const char* noun) {
      if (found == expected) return;
      throw InputError(
          {.where = file.string(),
           .found = counted(found, noun),
           .expected = with_commas(expected) + ", as " + files.matrix.filename().string() + " says (" + sizes + ")",
           .advice = found == expected + 1 ? "remove the header line if the file has one" : "check that both belong together"});
    };
    check(files.barcodes, n_barcodes, n_columns, "barcode");
    check(files.features, n_features, n_rows, "feature");
  }

  SourceHead head_;
  MarketMatrix matrix_;
  std::vector<std::int32_t> column_of_row_;  // [rows of the file] gene, -1 dropped
  std::vector<MarketEntry> entries_;
};

}  // namespace

std::optional<TenxMexFiles> find_tenx_mex(const fs::path& folder, const std::string& prefix) {
  const auto matrix = plain_or_gzip(folder, prefix + "matrix.mtx");
  if (!matrix) return std::nullopt;
  const auto barcodes = plain_or_gzip(folder, prefix + "barcodes.tsv");
  auto features = plain_or_gzip(folder, prefix + "features.tsv");
  if (!features) features = plain_or_gzip(folder, prefix + "genes.tsv");
  if (!barcodes || !features)
    throw InputError({.where = folder.string(),
                      .found = matrix->filename().string() + " without " + prefix +
                               (barcodes ? "features.tsv[.gz] or " + prefix + "genes.tsv[.gz]" : "barcodes.tsv[.gz]"),
                      .expected = "all three files of a 10x matrix",
                      .advice = "put the missing file beside it"});
  return TenxMexFiles{*matrix, *barcodes, *features, library_name(folder, prefix)};
}

std::unique_ptr<CellSource> open_tenx_mex(const TenxMexFiles& files) {
  return std::make_unique<TenxMexSource>(files);
}

}  // namespace cellverdict
