// X compressed by row: the rows of a block are one run of indices and one of values.

#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_rows.h>

#include <algorithm>
#include <cmath>

#include <cellverdict/base/error.h>

namespace cellverdict {

H5adCompressed::H5adCompressed(const Hdf5Object& x, std::int64_t n_major, std::int64_t n_columns, std::int64_t cache_bytes)
    : data(x.open("data", cache_bytes)), indices(x.open("indices", cache_bytes)), n_minor(n_columns) {
  const Hdf5Object pointers = x.open("indptr");
  for (const Hdf5Object* part : std::initializer_list<const Hdf5Object*>{&data, &indices, &pointers})
    if (part->is_group() || part->shape().size() != 1) part->refuse("something else than a vector", "a vector");
  if (data.kind() != Hdf5Kind::whole && data.kind() != Hdf5Kind::real) data.refuse("values that are not numbers", "numbers");
  if (pointers.rows() != n_major + 1)
    pointers.refuse(counted(pointers.rows(), "value"), with_commas(n_major + 1) + ", one more than the matrix has rows");
  indptr = pointers.read_all<std::int64_t>();
  if (indptr.front() != 0) pointers.refuse("a first value of " + std::to_string(indptr.front()), "0");
  for (std::size_t i = 1; i < indptr.size(); ++i)
    if (indptr[i] < indptr[i - 1]) pointers.refuse("a value that falls at " + std::to_string(i), "ascending values");
  for (const Hdf5Object* part : std::initializer_list<const Hdf5Object*>{&data, &indices})
    if (part->rows() != indptr.back())
      part->refuse(counted(part->rows(), "value"), with_commas(indptr.back()) + ", as X/indptr says", "the file is damaged");
}

void H5adCompressed::read_indices(std::int64_t first, std::int64_t count, std::vector<std::int32_t>& out) const {
  const auto refuse = [&](std::int64_t found, std::int64_t place) {
    indices.refuse("index " + std::to_string(found) + " at entry " + std::to_string(place), "0 to " + std::to_string(n_minor - 1));
  };
  out.resize(static_cast<std::size_t>(count));
  if (indices.element_bytes() <= 4 && indices.is_signed()) {
    indices.read(first, count, out.data());
    for (std::int64_t i = 0; i < count; ++i)
      if (out[i] < 0 || out[i] >= n_minor) refuse(out[i], first + i);
    return;
  }
  std::vector<std::int64_t> wide(static_cast<std::size_t>(count));
  indices.read(first, count, wide.data());
  for (std::int64_t i = 0; i < count; ++i) {
    if (wide[i] < 0 || wide[i] >= n_minor) refuse(wide[i], first + i);
    out[i] = static_cast<std::int32_t>(wide[i]);
  }
}

void H5adCompressed::read_values(std::int64_t first, std::int64_t count, std::vector<float>& out) const {
  out.resize(static_cast<std::size_t>(count));
  data.read(first, count, out.data());
}

void H5adRowAppender::refuse(std::int64_t row, std::int32_t gene, const std::string& found, const std::string& expected) const {
  throw InputError({.where = where_ + " row " + std::to_string(row) + " (" + head_.obs.index.text(row) + ")",
                    .found = found + " for gene " + head_.genes.ids[gene],
                    .expected = expected});
}

void H5adRowAppender::append(std::int64_t row, std::span<const std::int32_t> genes, std::span<const float> values,
                             CsrBlock& block) {
  if (std::is_sorted(genes.begin(), genes.end())) {
    append_sorted(row, genes, values, block);
    return;
  }
  entries_.clear();
  for (std::size_t i = 0; i < genes.size(); ++i) entries_.emplace_back(genes[i], values[i]);
  std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  genes_.clear();
  values_.clear();
  for (const auto& [gene, value] : entries_) {
    genes_.push_back(gene);
    values_.push_back(value);
  }
  append_sorted(row, genes_, values_, block);
}

void H5adRowAppender::append_sorted(std::int64_t row, std::span<const std::int32_t> genes, std::span<const float> values,
                                    CsrBlock& block) {
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (i > 0 && genes[i] == genes[i - 1]) refuse(row, genes[i], "two entries", "one");
    if (!std::isfinite(values[i])) refuse(row, genes[i], std::isnan(values[i]) ? "NaN" : "an infinite value", "a number");
    if (values[i] != 0) block.push(genes[i], values[i]);
  }
  block.end_row();
}

namespace {

class CsrRows : public CellSource {
 public:
  CsrRows(SourceHead head, const Hdf5Object& x, std::int64_t memory_bytes)
      : head_(std::move(head)),
        matrix_(x, head_.n_cells, head_.genes.size(), std::min<std::int64_t>(memory_bytes / 8, 32 << 20)),
        appender_(head_, x.where()) {
    head_.format = "h5ad CSR";
    head_.n_nonzero = matrix_.n_stored();
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { next_row_ = 0; }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_row_;
    const std::int64_t end_row = std::min(head_.n_cells, next_row_ + max_rows);
    if (next_row_ >= end_row) return false;
    const std::int64_t first = matrix_.indptr[next_row_], count = matrix_.indptr[end_row] - first;
    matrix_.read_indices(first, count, genes_);
    matrix_.read_values(first, count, values_);
    for (; next_row_ < end_row; ++next_row_) {
      const auto begin = static_cast<std::size_t>(matrix_.indptr[next_row_] - first);
      const auto n = static_cast<std::size_t>(matrix_.indptr[next_row_ + 1] - matrix_.indptr[next_row_]);
      appender_.append(next_row_, std::span(genes_).subspan(begin, n), std::span(values_).subspan(begin, n), block);
    }
    return true;
  }

 private:
  SourceHead head_;
  H5adCompressed matrix_;
  H5adRowAppender appender_;
  std::int64_t next_row_ = 0;
  std::vector<std::int32_t> genes_;
  std::vector<float> values_;
};

}  // namespace

std::unique_ptr<CellSource> open_csr_rows(SourceHead head, const Hdf5Object& x, std::int64_t memory_bytes) {
  return std::make_unique<CsrRows>(std::move(head), x, memory_bytes);
}

}  // namespace cellverdict
