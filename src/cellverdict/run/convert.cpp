#include <cellverdict/run/convert.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/io/delimited_write.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/io/loom_write.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/io/tenx_h5_write.h>
#include <cellverdict/io/tenx_mex_write.h>
#include <cellverdict/table/row_filter.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

enum class Target { h5ad, tenx_folder, tenx_h5, loom, table };

struct TargetFormat {
  Target target = Target::tenx_folder;
  char separator = ',';
  bool gzip = false;
};

bool is_tenx_file(const std::string& name) {
  static constexpr std::array kFiles = {"matrix.mtx", "barcodes.tsv", "features.tsv", "genes.tsv"};
  const std::string plain = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
  return std::find(kFiles.begin(), kFiles.end(), plain) != kFiles.end();
}

// A folder that is written replaces the one of its name, so nothing else may be in it.
void check_folder(const fs::path& folder) {
  std::error_code failure;
  if (fs::exists(folder) && !fs::is_directory(folder))
    throw UsageError(
        {.where = folder.string(), .found = "a file", .expected = "a folder, or a name ending in .h5ad, .h5, .loom, .csv or .tsv"});
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure))
    if (const std::string name = it->path().filename().string(); !is_tenx_file(name))
      throw UsageError({.where = folder.string(),
                        .found = "a folder with other things in it ('" + name + "')",
                        .expected = "a new folder, or a 10x one to be replaced",
                        .advice = "choose another name"});
}

TargetFormat format_of(const ConvertRequest& request) {
  std::string name = request.output.filename().string();
  TargetFormat format;
  const bool gz = name.ends_with(".gz");
  const std::string plain = gz ? name.substr(0, name.size() - 3) : name;
  if (plain.ends_with(".csv") || plain.ends_with(".tsv")) {
    if (request.gzip && *request.gzip != gz)
      throw UsageError({.where = "--gzip",
                        .found = *request.gzip ? "yes for " + name : "no for " + name,
                        .expected = "the name of a table to say it",
                        .advice = *request.gzip ? "name it " + name + ".gz" : "name it " + plain});
    return {Target::table, plain.ends_with(".csv") ? ',' : '\t', gz};
  }
  if (name.ends_with(".h5ad")) return {.target = Target::h5ad, .gzip = request.gzip.value_or(false)};
  if (name.ends_with(".h5")) return {.target = Target::tenx_h5, .gzip = request.gzip.value_or(true)};
  if (name.ends_with(".loom")) return {.target = Target::loom, .gzip = request.gzip.value_or(true)};
  for (const char* other : {".rds", ".RData", ".h5mu", ".zarr", ".mtx", ".txt", ".xlsx", ".parquet", ".gz"})
    if (name.ends_with(other))
      throw UsageError({.where = request.output.string(),
                        .found = "a name ending in " + std::string(other) + ", which is not written",
                        .expected = ".h5ad, .h5, .loom, .csv, .tsv (.gz), or a folder for a 10x matrix"});
  check_folder(request.output);
  return {.target = Target::tenx_folder, .gzip = request.gzip.value_or(true)};
}

// The cells of a source that stay, block by block.
class ChosenCells {
 public:
  ChosenCells(const RunContext& context, const ConvertRequest& request)
      : context_(context),
        source_(open_source(request.input, {.memory_bytes = context.memory_bytes / 4,
                                            .threads = context.threads,
                                            .layer = request.layer,
                                            .genome = request.genome,
                                            .genes_are = request.genes_are})) {
    const SourceHead& head = source_->head();
    stream_.genes = head.genes;
    stream_.gene_counts.resize(static_cast<std::size_t>(head.genes.size()));
    if (request.where.empty()) {
      stream_.obs = head.obs;
    } else {
      keep_ = matching_rows(head.obs, request.where);
      std::vector<std::int64_t> rows;
      for (std::int64_t i = 0; i < head.n_cells; ++i)
        if (keep_[i]) rows.push_back(i);
      if (rows.empty())
        throw DataError({.where = "--where",
                         .found = "no cell with " + request.where,
                         .expected = "at least one",
                         .advice = "`cellverdict inspect` shows the annotations"});
      stream_.obs = head.obs.select(rows);
    }
    block_rows_ = std::clamp<std::int64_t>(context.memory_bytes / 8 / (head.genes.size() * 8), 64, 2048);
    stream_.next_block = [this](CsrBlock& block) { return next(block); };
    stream_.rewind = [this] { rewind(); };
  }
  ChosenCells(const ChosenCells&) = delete;
  ChosenCells& operator=(const ChosenCells&) = delete;

  const SourceHead& head() const { return source_->head(); }
  CellStream& stream() { return stream_; }
  float least() const { return least_; }

  // Reads all once, for what writers must know beforehand.
  void count() {
    stage_ = "count";
    bool whole = true;
    for (CsrBlock block; next(block);) {
      stream_.n_nonzero += static_cast<std::int64_t>(block.indices.size());
      for (const std::int32_t gene : block.indices) ++stream_.gene_counts[gene];
      for (const float value : block.values) {
        whole = whole && value == std::floor(value) && std::abs(value) < 2147483520.0F;
        least_ = std::min(least_, value);
      }
    }
    stream_.whole = whole;
    rewind();
    stage_ = "write";
  }

 private:
  void rewind() {
    source_->rewind();
    done_ = 0;
  }

  bool next(CsrBlock& block) {
    block.clear();
    while (block.n_rows() == 0) {
      if (context_.stopping())
        throw Interrupted(
            {.where = "converting", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
      if (!source_->read_block(block_rows_, read_)) return false;
      done_ = read_.first_row + read_.n_rows();
      context_.progress(stage_, done_, source_->head().n_cells);
      if (keep_.empty()) {
        std::swap(block, read_);
        return true;
      }
      for (std::int64_t i = 0; i < read_.n_rows(); ++i) {
        if (!keep_[read_.first_row + i]) continue;
        const CsrRow row = read_.row(i);
        block.indices.insert(block.indices.end(), row.genes.begin(), row.genes.end());
        block.values.insert(block.values.end(), row.values.begin(), row.values.end());
        block.end_row();
      }
    }
    return true;
  }

  const RunContext& context_;
  std::unique_ptr<CellSource> source_;
  CellStream stream_;
  std::vector<bool> keep_;  // empty: all
  CsrBlock read_;
  std::int64_t block_rows_ = 2048, done_ = 0;
  float least_ = 0;
  const char* stage_ = "write";
};

std::int64_t n_differing_symbols(const GeneList& genes) {
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < genes.size(); ++i) n += genes.ids[i] != genes.symbols[i];
  return n;
}

void lose_annotations(const CellStream& cells, const std::string& format, ConvertResult& result) {
  if (cells.obs.names.empty()) return;
  result.lost.push_back(counted(static_cast<std::int64_t>(cells.obs.names.size()), "obs column") + " (" + listed(cells.obs.names) +
                        "), which " + format + " cannot hold");
}

void refuse_uncounted(const ChosenCells& chosen, const fs::path& output) {
  if (chosen.least() < 0)
    throw DataError({.where = output.string(),
                     .found = "a negative value (" + std::to_string(chosen.least()) + ")",
                     .expected = "whole counts, which is what a 10x matrix holds",
                     .advice = "write an .h5ad or .loom file, or name the layer with the counts"});
}

std::int64_t write_as_h5ad(CellStream& cells, const TargetFormat& format, const fs::path& output) {
  H5adContents contents{.obs = std::move(cells.obs), .next_block = cells.next_block};
  contents.packing = format.gzip ? Hdf5Packing::gzip : Hdf5Packing::none;
  contents.var.index = cells.genes.ids;
  contents.var.set("gene_symbols", make_text_column(cells.genes.symbols));
  return write_h5ad(output, contents);
}

void write_as_folder(CellStream& cells, const TargetFormat& format, const fs::path& output) {
  write_tenx_mex(output, {.genes = cells.genes,
                          .barcodes = cells.obs.index,
                          .n_nonzero = cells.n_nonzero,
                          .next_block = cells.next_block,
                          .packing = format.gzip ? TextPacking::gzip : TextPacking::plain});
}

void write_as_table(CellStream& cells, const TargetFormat& format, const ConvertRequest& request, std::int64_t memory_bytes) {
  write_delimited(request.output, cells,
                  {.separator = format.separator,
                   .packing = format.gzip ? TextPacking::gzip : TextPacking::plain,
                   .lines = request.genes_by_cells ? DelimitedWriteOptions::Lines::genes : DelimitedWriteOptions::Lines::cells,
                   .memory_bytes = memory_bytes});
}

void write_target(const RunContext& context, const ConvertRequest& request, const TargetFormat& format, ChosenCells& chosen,
                  ConvertResult& result) {
  CellStream& cells = chosen.stream();
  result.n_cells = cells.n_cells();
  result.n_left_out = chosen.head().n_cells - result.n_cells;
  if (format.target == Target::h5ad) {  // the one that needs no number beforehand: read once
    result.to = "h5ad CSR";
    result.n_nonzero = write_as_h5ad(cells, format, request.output);
    return;
  }
  chosen.count();
  result.n_nonzero = cells.n_nonzero;
  const auto packing = format.gzip ? Hdf5Packing::gzip : Hdf5Packing::none;
  switch (format.target) {
    case Target::h5ad:
      return;
    case Target::tenx_folder:
      result.to = format.gzip ? "10x MEX v3" : "10x MEX v2";
      refuse_uncounted(chosen, request.output);
      lose_annotations(cells, "a 10x folder", result);
      return write_as_folder(cells, format, request.output);
    case Target::tenx_h5:
      result.to = "10x HDF5 v3";
      refuse_uncounted(chosen, request.output);
      lose_annotations(cells, "10x HDF5", result);
      return write_tenx_h5(request.output, cells, {.genome = request.genome, .packing = packing});
    case Target::loom:
      result.to = "loom 3.0.0";
      for (auto& lost : write_loom(request.output, cells, {.memory_bytes = context.memory_bytes / 2, .packing = packing}))
        result.lost.push_back(std::move(lost));
      return;
    case Target::table:
      result.to =
          std::string(format.separator == ',' ? "CSV" : "TSV") + (request.genes_by_cells ? ", genes × cells" : ", cells × genes");
      lose_annotations(cells, "a table of numbers", result);
      if (const auto n = n_differing_symbols(cells.genes); n > 0)
        result.lost.push_back(counted(n, "gene symbol") + ": a table names each gene once, by its id");
      return write_as_table(cells, format, request, context.memory_bytes / 2);
  }
}

}  // namespace

ConvertResult convert_file(const RunContext& context, const ConvertRequest& request) {
  std::error_code ignored;
  if (fs::equivalent(request.input, request.output, ignored))
    throw UsageError({.where = request.output.string(), .found = "the input itself", .expected = "another name for the output"});
  if (!request.write_into.empty()) return convert_into_layer(context, request);
  const TargetFormat format = format_of(request);
  if (request.genes_by_cells && format.target != Target::table)
    throw UsageError({.where = "--genes-by-cells", .found = request.output.string(), .expected = "a .csv or .tsv to write"});
  ChosenCells chosen(context, request);
  ConvertResult result{.from = chosen.head().format, .n_genes = chosen.head().genes.size(), .notes = chosen.head().notes};
  write_target(context, request, format, chosen, result);
  return result;
}

}  // namespace cellverdict
