// X compressed by column, given as rows: the rows are cut into bands that fit the memory allowed, and the columns are swept
// once for each band. A first sweep over the indices alone counts the entries of every row.

#include <cellverdict/io/h5ad_rows.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::int64_t kPiece = std::int64_t{1} << 20;  // entries read at a time
constexpr std::int64_t kEntryBytes = sizeof(std::int32_t) + sizeof(float);

class CscRows : public CellSource {
 public:
  CscRows(SourceHead head, const Hdf5Object& x, std::int64_t memory_bytes)
      : head_(std::move(head)),
        matrix_(x, head_.genes.size(), head_.n_cells, std::min<std::int64_t>(memory_bytes / 8, 32 << 20)),
        appender_(head_, x.where()),
        band_entries_(std::max<std::int64_t>(memory_bytes / 2 / kEntryBytes, 1)) {
    head_.format = "h5ad CSC";
    head_.n_nonzero = matrix_.n_stored();
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { next_row_ = 0; }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_row_;
    if (next_row_ >= head_.n_cells || max_rows <= 0) return false;
    if (next_row_ < band_begin_ || next_row_ >= band_end_) load_band();
    const std::int64_t end_row = std::min(band_end_, next_row_ + max_rows);
    for (; next_row_ < end_row; ++next_row_) {
      const auto begin = static_cast<std::size_t>(starts_[next_row_ - band_begin_]);
      const auto n = static_cast<std::size_t>(starts_[next_row_ - band_begin_ + 1]) - begin;
      appender_.append(next_row_, std::span(genes_).subspan(begin, n), std::span(values_).subspan(begin, n), block);
    }
    return true;
  }

 private:
  void count_rows() {
    row_counts_.assign(static_cast<std::size_t>(head_.n_cells), 0);
    for (std::int64_t first = 0; first < matrix_.n_stored(); first += kPiece) {
      matrix_.read_indices(first, std::min(kPiece, matrix_.n_stored() - first), piece_rows_);
      for (const std::int32_t row : piece_rows_) ++row_counts_[row];
    }
  }

  // The band that begins at next_row_: as many rows as fit, at least one.
  void load_band() {
    if (row_counts_.empty()) count_rows();
    band_begin_ = band_end_ = next_row_;
    starts_.assign(1, 0);
    while (band_end_ < head_.n_cells && (band_end_ == band_begin_ || starts_.back() + row_counts_[band_end_] <= band_entries_))
      starts_.push_back(starts_.back() + row_counts_[band_end_++]);
    genes_.resize(static_cast<std::size_t>(starts_.back()));
    values_.resize(static_cast<std::size_t>(starts_.back()));
    std::vector<std::int64_t> cursor(starts_.begin(), starts_.end() - 1);
    std::int32_t gene = 0;
    for (std::int64_t first = 0; first < matrix_.n_stored(); first += kPiece) {
      const std::int64_t count = std::min(kPiece, matrix_.n_stored() - first);
      matrix_.read_indices(first, count, piece_rows_);
      matrix_.read_values(first, count, piece_values_);
      for (std::int64_t i = 0; i < count; ++i) {
        while (first + i >= matrix_.indptr[gene + 1]) ++gene;
        const std::int64_t row = piece_rows_[i];
        if (row < band_begin_ || row >= band_end_) continue;
        const std::int64_t place = cursor[row - band_begin_]++;
        genes_[place] = gene;
        values_[place] = piece_values_[i];
      }
    }
  }

  SourceHead head_;
  H5adCompressed matrix_;
  H5adRowAppender appender_;
  std::int64_t band_entries_;
  std::int64_t next_row_ = 0, band_begin_ = 0, band_end_ = 0;
  std::vector<std::int64_t> row_counts_, starts_;  // [n_cells]; [band rows + 1]
  std::vector<std::int32_t> genes_, piece_rows_;
  std::vector<float> values_, piece_values_;
};

}  // namespace

std::unique_ptr<CellSource> open_csc_rows(SourceHead head, const Hdf5Object& x, std::int64_t memory_bytes) {
  return std::make_unique<CscRows>(std::move(head), x, memory_bytes);
}

}  // namespace cellverdict
