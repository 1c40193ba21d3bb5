// X as a dense matrix, given as sparse rows: read in bands of whole chunks, so that no chunk is unpacked twice. Where one row of
// chunks alone is more than the memory allowed, a band is a part of it and its chunks are unpacked once for each part.

#include <cellverdict/base/parallel.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_rows.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace cellverdict {

namespace {

constexpr std::int64_t kBandBytes = std::int64_t{32} << 20;  // more gains nothing where memory would allow it

std::int64_t count_nonzero(std::span<const float> values) {
  std::int32_t n = 0;
  for (const float value : values) n += static_cast<std::int32_t>(value != 0);
  return n;
}

// The numbers other than zero and their places. Eight are compared at a time; most eights hold one or none.
void gather_nonzero(std::span<const float> values, std::int32_t* genes, float* out) {
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    std::uint8_t flags[8];
    for (std::size_t k = 0; k < 8; ++k) flags[k] = static_cast<std::uint8_t>(values[i + k] != 0);
    std::uint64_t set = 0;
    std::memcpy(&set, flags, sizeof(set));
    for (; set != 0; set &= set - 1) {
      const std::size_t place = i + static_cast<std::size_t>(std::countr_zero(set)) / 8;
      *genes++ = static_cast<std::int32_t>(place);
      *out++ = values[place];
    }
  }
  for (; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    *genes++ = static_cast<std::int32_t>(i);
    *out++ = values[i];
  }
}

class DenseRows : public H5adRows {
 public:
  DenseRows(SourceHead head, Hdf5Object dataset, const OpenOptions& options)
      : H5adRows(std::move(head), dataset.where(), options), x_(std::move(dataset), options.memory_bytes / 2) {
    const Hdf5Object& x = x_.object();
    if (x.shape() != std::vector<std::int64_t>{head_.n_cells, head_.genes.size()})
      x.refuse(x.shape().size() == 2 ? std::to_string(x.shape()[0]) + " × " + std::to_string(x.shape()[1]) : "no matrix",
               counted(head_.n_cells, "cell") + " × " + counted(head_.genes.size(), "gene") + ", as obs and var say");
    const std::int64_t row_bytes = head_.genes.size() * static_cast<std::int64_t>(sizeof(float));
    most_rows_ = std::max<std::int64_t>(options.memory_bytes / 2 / row_bytes, 1);
    const std::int64_t chunk = std::max<std::int64_t>(x_.chunk_rows(), 1);
    band_rows_ = std::max(chunk, kBandBytes / row_bytes / chunk * chunk);
    if (band_rows_ > most_rows_) band_rows_ = std::max(chunk, most_rows_ / chunk * chunk);
  }

 protected:
  void load(std::int64_t first, std::int64_t end, CsrBlock& block) override {
    block.indptr.assign(1, 0);
    for (std::int64_t row = first; row < end;) {
      if (row < band_begin_ || row >= band_end_) load_band(row);
      const std::int64_t stop = std::min(end, band_end_);
      append(row, stop, block);
      row = stop;
    }
    block.indices.resize(static_cast<std::size_t>(block.indptr.back()));
    block.values.resize(static_cast<std::size_t>(block.indptr.back()));
  }

 private:
  // Whole chunks where they fit, else what fits of one row of chunks.
  void load_band(std::int64_t first) {
    const std::int64_t band = first / band_rows_ * band_rows_;
    band_begin_ = band + (first - band) / most_rows_ * most_rows_;
    band_end_ = std::min({head_.n_cells, band + band_rows_, band_begin_ + most_rows_});
    values_.resize(static_cast<std::size_t>((band_end_ - band_begin_) * head_.genes.size()));
    read_ranges({{&x_, band_begin_, band_end_ - band_begin_, values_.data()}}, options_.threads);
  }

  std::span<const float> dense_row(std::int64_t row) const {
    const auto n_genes = static_cast<std::size_t>(head_.genes.size());
    return std::span(values_).subspan(static_cast<std::size_t>(row - band_begin_) * n_genes, n_genes);
  }

  void append(std::int64_t first, std::int64_t end, CsrBlock& block) const {
    const std::size_t at = block.indptr.size();
    block.indptr.resize(at + static_cast<std::size_t>(end - first));
    parallel_for(end - first, options_.threads, [&](std::int64_t begin, std::int64_t stop) {
      for (std::int64_t i = begin; i < stop; ++i) block.indptr[at + i] = count_nonzero(dense_row(first + i));
    });
    for (std::size_t i = at; i < block.indptr.size(); ++i) block.indptr[i] += block.indptr[i - 1];
    const auto n = static_cast<std::size_t>(block.indptr.back());
    if (block.indices.size() < n) block.indices.resize(n);
    if (block.values.size() < n) block.values.resize(n);
    parallel_for(end - first, options_.threads, [&](std::int64_t begin, std::int64_t stop) {
      for (std::int64_t i = begin; i < stop; ++i) {
        const std::int64_t place = block.indptr[at + i - 1];
        gather_nonzero(dense_row(first + i), block.indices.data() + place, block.values.data() + place);
      }
    });
  }

  Hdf5Chunks x_;
  std::int64_t most_rows_ = 1, band_rows_ = 1, band_begin_ = 0, band_end_ = 0;
  std::vector<float> values_;  // [band rows, genes]
};

}  // namespace

std::unique_ptr<CellSource> open_dense_rows(SourceHead head, Hdf5Object x, const OpenOptions& options) {
  return std::make_unique<DenseRows>(std::move(head), std::move(x), options);
}

}  // namespace cellverdict
