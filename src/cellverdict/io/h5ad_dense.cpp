// X as a dense matrix, given as sparse rows: read in bands of whole chunks, so that no chunk is unpacked twice.

#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_rows.h>

#include <algorithm>
#include <numeric>

namespace cellverdict {

namespace {

class DenseRows : public CellSource {
 public:
  DenseRows(SourceHead head, const Hdf5Object& file, std::int64_t memory_bytes)
      : head_(std::move(head)), x_(file.open("X", memory_bytes / 4)), appender_(head_, x_.where()) {
    if (x_.shape() != std::vector<std::int64_t>{head_.n_cells, head_.genes.size()})
      x_.refuse(x_.shape().size() == 2 ? std::to_string(x_.shape()[0]) + " × " + std::to_string(x_.shape()[1]) : "no matrix",
                counted(head_.n_cells, "cell") + " × " + counted(head_.genes.size(), "gene") + ", as obs and var say");
    if (x_.kind() != Hdf5Kind::whole && x_.kind() != Hdf5Kind::real) x_.refuse("values that are not numbers", "numbers");
    head_.format = "h5ad dense";
    const std::int64_t fit = std::max<std::int64_t>(memory_bytes / 2 / (head_.genes.size() * 4), 1);
    const std::int64_t chunk = std::max<std::int64_t>(x_.chunk_rows(), 1);
    band_rows_ = std::min(fit, 256 / chunk * chunk);
    if (band_rows_ < chunk) band_rows_ = std::min(fit, chunk);
    all_genes_.resize(static_cast<std::size_t>(head_.genes.size()));
    std::iota(all_genes_.begin(), all_genes_.end(), 0);
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { next_row_ = 0; }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_row_;
    const std::int64_t end_row = std::min(head_.n_cells, next_row_ + max_rows);
    if (next_row_ >= end_row) return false;
    const auto n_genes = static_cast<std::size_t>(head_.genes.size());
    for (; next_row_ < end_row; ++next_row_) {
      if (next_row_ < band_begin_ || next_row_ >= band_end_) load_band();
      const auto begin = static_cast<std::size_t>(next_row_ - band_begin_) * n_genes;
      appender_.append(next_row_, all_genes_, std::span(values_).subspan(begin, n_genes), block);
    }
    return true;
  }

 private:
  void load_band() {
    band_begin_ = next_row_ / band_rows_ * band_rows_;
    band_end_ = std::min(head_.n_cells, band_begin_ + band_rows_);
    values_.resize(static_cast<std::size_t>((band_end_ - band_begin_) * head_.genes.size()));
    x_.read(band_begin_, band_end_ - band_begin_, values_.data());
  }

  SourceHead head_;
  Hdf5Object x_;
  H5adRowAppender appender_;
  std::int64_t band_rows_ = 1, next_row_ = 0, band_begin_ = 0, band_end_ = 0;
  std::vector<std::int32_t> all_genes_;
  std::vector<float> values_;  // [band rows, genes]
};

}  // namespace

std::unique_ptr<CellSource> open_dense_rows(SourceHead head, const Hdf5Object& file, std::int64_t memory_bytes) {
  return std::make_unique<DenseRows>(std::move(head), file, memory_bytes);
}

}  // namespace cellverdict
