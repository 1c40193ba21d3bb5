// X compressed by column, given as rows: the rows are cut into bands that fit the memory allowed, and the columns are swept
// once for each band. A first sweep over the indices alone counts the entries of every row.

#include <cellverdict/base/digest.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/scratch_array.h>
#include <cellverdict/io/h5ad_rows.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <span>

namespace cellverdict {

namespace {

constexpr std::int64_t kPiece = std::int64_t{1} << 21;  // entries read at a time
constexpr std::int64_t kEntryBytes = sizeof(std::int32_t) + sizeof(float);
constexpr std::int64_t kRowEntries = 2;                    // what a row of the band costs beside its entries, in entries
constexpr std::int64_t kRowsHeld = std::int64_t{1} << 20;  // counts of more rows lie in a file

class CscRows : public H5adRows {
 public:
  CscRows(SourceHead head, const Hdf5Object& x, const OpenOptions& options)
      : H5adRows(std::move(head), x.where(), options),
        matrix_(x, head_.genes.size(), head_.n_cells, options),
        band_entries_(std::max<std::int64_t>(options.memory_bytes / 2 / kEntryBytes, 1)),
        piece_(std::min(kPiece, std::max<std::int64_t>(band_entries_ / 4, 1024))) {
    head_.n_nonzero = matrix_.n_stored();
    matrix_.read_pointers(0, head_.genes.size(), indptr_);
  }

 protected:
  void load(std::int64_t first, std::int64_t end, CsrBlock& block) override {
    if (row_counts_.empty()) count_rows();
    block.indptr.assign(1, 0);
    for (std::int64_t row = first; row < end; ++row) block.indptr.push_back(block.indptr.back() + row_counts_[row]);
    block.indices.resize(static_cast<std::size_t>(block.indptr.back()));
    block.values.resize(static_cast<std::size_t>(block.indptr.back()));
    for (std::int64_t row = first; row < end;) {
      if (row < band_begin_ || row >= band_end_) load_band(row);
      const std::int64_t stop = std::min(end, band_end_);
      const std::int64_t from = starts_[row - band_begin_], to = starts_[stop - band_begin_];
      std::copy(genes_.begin() + from, genes_.begin() + to, block.indices.begin() + block.indptr[row - first]);
      std::copy(values_.begin() + from, values_.begin() + to, block.values.begin() + block.indptr[row - first]);
      row = stop;
    }
  }

 private:
  // Each thread counts a part of the piece for itself; sums of whole numbers do not depend on how they are cut.
  void count_rows() {
    make_room_for_counts();
    const int threads = static_cast<int>(std::clamp<std::int64_t>(piece_ / (4 * head_.n_cells), 1, options_.threads));
    std::vector<std::vector<std::int32_t>> counts(static_cast<std::size_t>(threads > 1 ? threads : 0),
                                                  std::vector<std::int32_t>(row_counts_.size()));
    piece_rows_.resize(static_cast<std::size_t>(piece_));
    for (std::int64_t first = 0; first < matrix_.n_stored(); first += piece_) {
      const std::int64_t count = std::min(piece_, matrix_.n_stored() - first);
      matrix_.read_indices(first, count, piece_rows_.data());
      if (threads == 1)
        for (std::int64_t i = 0; i < count; ++i) ++row_counts_[piece_rows_[i]];
      else
        parallel_for(threads, threads, [&](std::int64_t part, std::int64_t) {
          for (std::int64_t i = count * part / threads; i < count * (part + 1) / threads; ++i) ++counts[part][piece_rows_[i]];
        });
      if ((first / piece_) % 64 == 63) add_up(counts);
    }
    add_up(counts);
  }

  void make_room_for_counts() {
    if (head_.n_cells <= kRowsHeld) {
      held_counts_.assign(static_cast<std::size_t>(head_.n_cells), 0);
      row_counts_ = held_counts_;
      return;
    }
    std::error_code failure;  // then there is no file either, and that is said
    filed_counts_.emplace(std::filesystem::temp_directory_path(failure), head_.n_cells);
    row_counts_ = filed_counts_->open();
  }

  void add_up(std::vector<std::vector<std::int32_t>>& counts) {
    for (auto& part : counts) {
      for (std::size_t row = 0; row < part.size(); ++row) row_counts_[row] += part[row];
      std::fill(part.begin(), part.end(), 0);
    }
  }

  // The band that begins at `first`: as many rows as fit, at least one. What a row costs beside its entries counts too.
  void load_band(std::int64_t first) {
    band_begin_ = band_end_ = first;
    starts_.assign(1, 0);
    const auto fits = [&](std::int64_t row) {
      return starts_.back() + row_counts_[row] + kRowEntries * std::ssize(starts_) <= band_entries_;
    };
    while (band_end_ < head_.n_cells && (band_end_ == band_begin_ || fits(band_end_)))
      starts_.push_back(starts_.back() + row_counts_[band_end_++]);
    genes_.resize(static_cast<std::size_t>(starts_.back()));
    values_.resize(static_cast<std::size_t>(starts_.back()));
    piece_rows_.resize(static_cast<std::size_t>(piece_));
    piece_values_.resize(static_cast<std::size_t>(piece_));
    cursor_.assign(starts_.begin(), starts_.end() - 1);
    for (std::int64_t first_entry = 0; first_entry < matrix_.n_stored(); first_entry += piece_) {
      const std::int64_t count = std::min(piece_, matrix_.n_stored() - first_entry);
      matrix_.read(first_entry, count, piece_rows_.data(), piece_values_.data());
      // Each thread has rows of its own, so that within a row the entries keep the order of the columns.
      parallel_for(options_.threads, options_.threads, [&](std::int64_t part, std::int64_t) {
        spread(first_entry, count, row_at_share(part), row_at_share(part + 1));
      });
    }
    if (!std::equal(cursor_.begin(), cursor_.end(), starts_.begin() + 1)) refuse_changed(head_.path.string());
  }

  // The row of the band up to which `part` of the threads' shares of its entries reach.
  std::int64_t row_at_share(std::int64_t part) const {
    if (part == options_.threads) return band_end_;
    const auto place = std::lower_bound(starts_.begin(), starts_.end(), starts_.back() * part / options_.threads);
    return std::min(band_end_, band_begin_ + (place - starts_.begin()));
  }

  // Puts the entries of a piece that lie in rows [begin, end) into the band.
  void spread(std::int64_t first_entry, std::int64_t count, std::int64_t begin, std::int64_t end) {
    auto gene = static_cast<std::int32_t>(std::upper_bound(indptr_.begin(), indptr_.end(), first_entry) - indptr_.begin() - 1);
    for (std::int64_t at = first_entry; at < first_entry + count; ++gene) {
      const std::int64_t stop = std::min(indptr_[gene + 1], first_entry + count);
      const std::int32_t* rows = piece_rows_.data() + (at - first_entry);
      const float* values = piece_values_.data() + (at - first_entry);
      const std::int64_t n = stop - at;
      at = stop;
      std::int64_t from = 0, to = n;
      if (std::is_sorted(rows, rows + n)) {  // as nearly all files have it
        from = std::lower_bound(rows, rows + n, begin) - rows;
        to = std::lower_bound(rows + from, rows + n, end) - rows;
      }
      for (std::int64_t i = from; i < to; ++i) {
        if (rows[i] < begin || rows[i] >= end) continue;
        const std::int64_t row = rows[i] - band_begin_, place = cursor_[row]++;
        if (place >= starts_[row + 1]) continue;  // more than were counted: refused when the sweep is through
        genes_[place] = gene;
        values_[place] = values[i];
      }
    }
  }

  H5adCompressed matrix_;
  std::int64_t band_entries_, piece_;
  std::int64_t band_begin_ = 0, band_end_ = 0;
  std::vector<std::int64_t> indptr_;    // [genes + 1]
  std::span<std::int64_t> row_counts_;  // [n_cells], one of the two:
  std::vector<std::int64_t> held_counts_;
  std::optional<ScratchArray<std::int64_t>> filed_counts_;
  std::vector<std::int64_t> starts_, cursor_;  // [band rows + 1]; [band rows]
  std::vector<std::int32_t> genes_, piece_rows_;
  std::vector<float> values_, piece_values_;
};

}  // namespace

std::unique_ptr<CellSource> open_csc_rows(SourceHead head, const Hdf5Object& x, const OpenOptions& options) {
  return std::make_unique<CscRows>(std::move(head), x, options);
}

}  // namespace cellverdict
