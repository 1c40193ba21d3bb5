#include <cellverdict/io/tenx_mex.h>

#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/market_matrix.h>
#include <cellverdict/io/tenx_tables.h>

#include <algorithm>
#include <functional>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBatch = 8192;  // entries, 96 KiB
constexpr std::int64_t kEntryBytes = sizeof(std::int32_t) + sizeof(float);

std::string counted_sizes(std::int64_t n_genes, std::int64_t n_cells) {
  return with_commas(n_genes) + " genes × " + with_commas(n_cells) + " cells";
}

// The matrix with its rows as genes and its columns as cells, whichever way it is written; repeats and all that is no gene are
// gone.
class TenxMexSource : public CellSource {
 public:
  TenxMexSource(const TenxMexFiles& files, std::int64_t memory_bytes)
      : matrix_(files.matrix), band_entries_(std::max<std::int64_t>(memory_bytes / 2 / kEntryBytes, 1)), batch_(kBatch) {
    head_.name = files.name;
    head_.path = files.matrix.shown;
    for (const InputBytes* input : {&files.matrix, &files.barcodes, &files.features})
      if (head_.files.empty() || head_.files.back() != input->file) head_.files.push_back(input->file);
    head_.notes = files.notes;
    const std::int64_t n_rows = matrix_.n_rows(), n_columns = matrix_.n_columns();
    auto barcodes = read_tenx_barcodes(files.barcodes, {.expected = n_columns, .transposed = n_rows});
    auto features = read_tenx_features(files.features, {.expected = n_rows, .transposed = n_columns});
    transposed_ = n_rows != n_columns && barcodes.n_lines == n_rows && features.n_lines == n_columns;
    if (!transposed_) check_counts(files, barcodes.n_lines, features.n_lines);
    refuse_repeated_barcodes(files.barcodes.shown, barcodes);
    take_tables(files, barcodes, features);
    if (transposed_) head_.notes.push_back("the matrix is written as cells × genes, and is turned");
    if (features.dropped.empty()) head_.n_nonzero = matrix_.n_entries();
    head_.format = std::string("10x MEX ") + (features.version_3 ? "v3" : "v2") + (matrix_.gzipped() ? ", gzip" : "");
  }

  const SourceHead& head() const override { return head_; }

  void rewind() override {
    next_row_ = 0;
    if (order_ == Order::by_cell) start_sweep();
  }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_row_;
    if (order_ == Order::unknown) find_order();
    const std::int64_t end_row = std::min(head_.n_cells, next_row_ + max_rows);
    if (next_row_ >= end_row) return false;
    if (order_ == Order::by_cell) {
      stream_rows(end_row, block);
    } else {
      give_band(end_row, block);
    }
    return true;
  }

 private:
  enum class Order { unknown, by_cell, other };

  void take_tables(const TenxMexFiles& files, TenxBarcodes& barcodes, TenxFeatures& features) {
    for (auto* notes : {&barcodes.notes, &features.notes}) head_.notes.insert(head_.notes.end(), notes->begin(), notes->end());
    head_.n_cells = barcodes.n_lines;
    head_.obs.index = std::move(barcodes.barcodes);
    head_.genes = std::move(features.genes);
    gene_of_row_ = std::move(features.gene_of_row);
    for (const auto& [type, count] : features.dropped)
      head_.notes.push_back("dropped " + counted(count, "row") + " of type " + type);
    if (head_.genes.size() == 0)
      throw InputError({.where = files.features.shown.string(),
                        .found = features.dropped.empty() ? "no genes" : "no row of type Gene Expression",
                        .expected = "genes",
                        .advice = features.dropped.empty() ? "" : "if these are genes, leave the third column out"});
  }

  void check_counts(const TenxMexFiles& files, std::int64_t n_barcodes, std::int64_t n_features) const {
    const std::int64_t n_rows = matrix_.n_rows(), n_columns = matrix_.n_columns();
    const auto check = [&](const fs::path& file, std::int64_t found, std::int64_t expected, const char* noun) {
      if (found == expected) return;
      throw InputError(
          {.where = file.string(),
           .found = counted(found, noun),
           .expected = with_commas(expected) + ", as " + files.matrix.shown.filename().string() + " says (" +
                       counted_sizes(n_rows, n_columns) + ")",
           .advice = found == expected + 1 ? "remove the header line if the file has one" : "check that both belong together"});
    };
    check(files.barcodes.shown, n_barcodes, n_columns, "barcode");
    check(files.features.shown, n_features, n_rows, "feature");
  }

  void start_sweep() {
    matrix_.rewind();
    n_batch_ = place_ = 0;
  }

  // The next entries, their columns cells; false at the end.
  bool next_batch() {
    n_batch_ = matrix_.read(batch_);
    place_ = 0;
    if (transposed_)
      for (std::size_t i = 0; i < n_batch_; ++i) std::swap(batch_[i].row, batch_[i].column);
    return n_batch_ > 0;
  }

  bool batch_ascends(std::int32_t& last_cell) const {
    bool ascends = true;
    for (std::size_t i = 0; i < n_batch_; ++i) {
      ascends = ascends && batch_[i].column >= last_cell;
      last_cell = batch_[i].column;
    }
    return ascends;
  }

  // Cells cannot be given before it is known that no entry of theirs comes later. Cell Ranger's own files are taken at their word
  // when the first entries agree; others are swept whole, which counts the entries of every cell as well.
  void find_order() {
    std::int32_t last_cell = 0;
    start_sweep();
    next_batch();
    bool ascends = batch_ascends(last_cell);
    if (!ascends || !matrix_.by_cell_ranger()) {
      cell_counts_.assign(static_cast<std::size_t>(head_.n_cells), 0);
      while (n_batch_ > 0) {
        for (std::size_t i = 0; i < n_batch_; ++i) ++cell_counts_[batch_[i].column];
        next_batch();
        ascends = ascends && batch_ascends(last_cell);
      }
      start_sweep();
    }
    order_ = ascends ? Order::by_cell : Order::other;
    if (ascends) cell_counts_ = {};
  }

  void stream_rows(std::int64_t end_row, CsrBlock& block) {
    std::size_t row_begin = 0;
    std::int32_t last_gene = -1;
    bool ascends = true;
    const auto close_row = [&] {
      if (!ascends) order_row(row_begin, block);
      block.end_row();
      ++next_row_;
      row_begin = block.indices.size();
      last_gene = -1;
      ascends = true;
    };
    while (next_row_ < end_row) {
      if (place_ == n_batch_ && !next_batch()) {
        close_row();
        continue;
      }
      const auto cell = static_cast<std::int32_t>(next_row_);
      std::size_t end = place_, n = block.indices.size();
      while (end < n_batch_ && batch_[end].column == cell) ++end;
      block.indices.resize(n + end - place_);
      block.values.resize(n + end - place_);
      for (; place_ < end; ++place_) {
        const MarketEntry& entry = batch_[place_];
        const std::int32_t gene = gene_of_row_[entry.row];
        if (gene < 0 || entry.value == 0) continue;
        ascends = ascends && gene > last_gene;
        last_gene = gene;
        block.indices[n] = gene;
        block.values[n++] = entry.value;
      }
      block.indices.resize(n);
      block.values.resize(n);
      if (place_ == n_batch_) continue;
      if (batch_[place_].column < cell) refuse_order(batch_[place_]);
      close_row();
    }
  }

  [[noreturn]] void refuse_order(const MarketEntry& entry) {
    const auto lines = matrix_.lines_of(transposed_ ? entry.column : entry.row, transposed_ ? entry.row : entry.column);
    throw InputError(
        {.where = head_.path.string() + " line " + std::to_string(lines.empty() ? 0 : lines.back()),
         .found = "cell " + std::to_string(entry.column + 1) + " after the entries of cell " + std::to_string(next_row_ + 1),
         .expected = "entries sorted by cell, as in the lines before",
         .advice = "write the matrix again sorted by column, or take the comments out of its head"});
  }

  void order_row(std::size_t begin, CsrBlock& block) {
    block.sort_from(begin);
    for (std::size_t i = begin + 1; i < block.indices.size(); ++i)
      if (block.indices[i] == block.indices[i - 1]) refuse_repeated_entry(block.indices[i]);
  }

  [[noreturn]] void refuse_repeated_entry(std::int32_t gene) {
    const auto row = static_cast<std::int32_t>(std::find(gene_of_row_.begin(), gene_of_row_.end(), gene) - gene_of_row_.begin());
    const auto cell = static_cast<std::int32_t>(next_row_);
    auto lines = matrix_.lines_of(transposed_ ? cell : row, transposed_ ? row : cell);
    lines.resize(std::max<std::size_t>(lines.size(), 2));
    throw InputError({.where = head_.path.string() + " line " + std::to_string(lines[1]),
                      .found = "gene " + std::to_string(row + 1) + " of cell " + std::to_string(cell + 1) +
                               " again, first in line " + std::to_string(lines[0]),
                      .expected = "one entry for a gene of a cell"});
  }

  // The band that begins at next_row_: as many cells as fit, at least one.
  void load_band() {
    band_begin_ = band_end_ = next_row_;
    starts_.assign(1, 0);
    while (band_end_ < head_.n_cells && (band_end_ == band_begin_ || starts_.back() + cell_counts_[band_end_] <= band_entries_))
      starts_.push_back(starts_.back() + cell_counts_[band_end_++]);
    genes_.resize(static_cast<std::size_t>(starts_.back()));
    values_.resize(static_cast<std::size_t>(starts_.back()));
    std::vector<std::int64_t> cursor(starts_.begin(), starts_.end() - 1);
    for (start_sweep(); next_batch();)
      for (std::size_t i = 0; i < n_batch_; ++i) {
        const MarketEntry& entry = batch_[i];
        if (entry.column < band_begin_ || entry.column >= band_end_) continue;
        const std::int64_t cell = entry.column - band_begin_, place = cursor[cell]++;
        if (place >= starts_[cell + 1]) continue;  // more than were counted: refused when the sweep is through
        genes_[place] = gene_of_row_[entry.row];
        values_[place] = entry.value;
      }
    if (!std::equal(cursor.begin(), cursor.end(), starts_.begin() + 1)) refuse_changed(head_.path.string());
  }

  void give_band(std::int64_t end_row, CsrBlock& block) {
    if (next_row_ < band_begin_ || next_row_ >= band_end_) load_band();
    for (end_row = std::min(end_row, band_end_); next_row_ < end_row; ++next_row_) {
      const std::size_t row_begin = block.indices.size();
      for (std::int64_t i = starts_[next_row_ - band_begin_]; i < starts_[next_row_ - band_begin_ + 1]; ++i)
        if (genes_[i] >= 0 && values_[i] != 0) block.push(genes_[i], values_[i]);
      const auto begin = block.indices.begin() + static_cast<std::ptrdiff_t>(row_begin), end = block.indices.end();
      if (std::adjacent_find(begin, end, std::greater_equal<>()) != end) order_row(row_begin, block);
      block.end_row();
    }
  }

  SourceHead head_;
  MarketMatrix matrix_;
  std::vector<std::int32_t> gene_of_row_;  // [features] gene, -1 dropped
  bool transposed_ = false;
  Order order_ = Order::unknown;
  std::int64_t next_row_ = 0;

  std::int64_t band_entries_, band_begin_ = 0, band_end_ = 0;
  std::vector<std::int64_t> cell_counts_, starts_;  // [n_cells]; [band cells + 1]
  std::vector<std::int32_t> genes_;                 // of the band, by cell
  std::vector<float> values_;

  std::vector<MarketEntry> batch_;
  std::size_t n_batch_ = 0, place_ = 0;
};

}  // namespace

std::unique_ptr<CellSource> open_tenx_mex(const TenxMexFiles& files, std::int64_t memory_bytes) {
  return std::make_unique<TenxMexSource>(files, memory_bytes);
}

}  // namespace cellverdict
