// X compressed by row: the rows of a block are one run of indices and one of values, read straight into the block.

#include <cellverdict/base/digest.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_rows.h>

#include <algorithm>
#include <atomic>

namespace cellverdict {

namespace {

constexpr std::int64_t kPointers = std::int64_t{1} << 17;  // looked at at a time: 1 MiB

// For what libhdf5 reads itself: room for unpacked chunks, so that a chunk cut by a range is not unpacked twice.
std::int64_t cache_bytes(const OpenOptions& options) {
  return std::min<std::int64_t>(options.memory_bytes / 8, 32 << 20);
}

}  // namespace

H5adCompressed::H5adCompressed(const Hdf5Object& x, std::int64_t n_major, std::int64_t n_minor, const OpenOptions& options)
    : data_(x.open("data", cache_bytes(options)), options.memory_bytes / 2),
      indices_(x.open("indices", cache_bytes(options)), options.memory_bytes / 2),
      pointers_(x.open("indptr", 1)),
      n_minor_(n_minor),
      threads_(options.threads) {
  const Hdf5Object &data = data_.object(), &indices = indices_.object();
  for (const Hdf5Object* part : std::initializer_list<const Hdf5Object*>{&data, &indices, &pointers_})
    if (part->is_group() || part->shape().size() != 1) part->refuse("something else than a vector", "a vector");
  if (indices.kind() != Hdf5Kind::whole) indices.refuse("values that are not whole numbers", "whole numbers");
  check_pointers(n_major);
  for (const Hdf5Object* part : std::initializer_list<const Hdf5Object*>{&data, &indices})
    if (part->rows() != n_stored_)
      part->refuse(counted(part->rows(), "value"), with_commas(n_stored_) + ", as X/indptr says", "the file is damaged");
}

void H5adCompressed::check_pointers(std::int64_t n_major) {
  if (pointers_.rows() != n_major + 1)
    pointers_.refuse(counted(pointers_.rows(), "value"), with_commas(n_major + 1) + ", one more than the matrix has rows");
  std::vector<std::int64_t> piece;
  for (std::int64_t first = 0; first <= n_major; first += kPointers) {
    piece.resize(static_cast<std::size_t>(std::min(kPointers, n_major + 1 - first)));
    pointers_.read(first, std::ssize(piece), piece.data());
    if (first == 0 && piece.front() != 0) pointers_.refuse("a first value of " + std::to_string(piece.front()), "0");
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (piece[i] < n_stored_)
        pointers_.refuse("a value that falls at " + std::to_string(first + static_cast<std::int64_t>(i)), "ascending values");
      n_stored_ = piece[i];
    }
  }
}

void H5adCompressed::read_pointers(std::int64_t first, std::int64_t count, std::vector<std::int64_t>& out) const {
  out.resize(static_cast<std::size_t>(count) + 1);
  pointers_.read(first, count + 1, out.data());
  // They were looked at before; what is read now is what memory is asked for.
  if (out.front() < 0 || out.back() > n_stored_ || !std::is_sorted(out.begin(), out.end()))
    refuse_changed(pointers_.file().string());
}

void H5adCompressed::read(std::int64_t first, std::int64_t count, std::int32_t* indices, float* values) {
  read_ranges({{&indices_, first, count, indices}, {&data_, first, count, values}}, threads_);
  check_indices(first, count, indices);
}

void H5adCompressed::read_indices(std::int64_t first, std::int64_t count, std::int32_t* out) {
  read_ranges({{&indices_, first, count, out}}, threads_);
  check_indices(first, count, out);
}

void H5adCompressed::check_indices(std::int64_t first, std::int64_t count, const std::int32_t* found) const {
  const auto limit = static_cast<std::uint32_t>(n_minor_);
  std::atomic<bool> fit = true;
  parallel_for(count, threads_, [&](std::int64_t begin, std::int64_t end) {
    int outside = 0;  // a negative index is a large one
    for (std::int64_t i = begin; i < end; ++i) outside |= static_cast<int>(static_cast<std::uint32_t>(found[i]) >= limit);
    if (outside != 0) fit = false;
  });
  if (fit) return;
  for (std::int64_t i = 0; i < count; ++i) {
    if (static_cast<std::uint32_t>(found[i]) < limit) continue;
    std::int64_t exact = 0;  // one of 64 bits was cut to fit
    indices_.object().read(first + i, 1, &exact);
    indices_.object().refuse("index " + std::to_string(exact) + " at entry " + std::to_string(first + i),
                             "0 to " + std::to_string(n_minor_ - 1));
  }
}

namespace {

class CsrRows : public H5adRows {
 public:
  CsrRows(SourceHead head, const Hdf5Object& x, const OpenOptions& options)
      : H5adRows(std::move(head), x.where(), options), matrix_(x, head_.n_cells, head_.genes.size(), options) {
    head_.n_nonzero = matrix_.n_stored();
  }

 protected:
  void load(std::int64_t first, std::int64_t end, CsrBlock& block) override {
    matrix_.read_pointers(first, end - first, block.indptr);
    const std::int64_t begin = block.indptr.front(), count = block.indptr.back() - begin;
    for (std::int64_t& place : block.indptr) place -= begin;
    block.indices.resize(static_cast<std::size_t>(count));
    block.values.resize(static_cast<std::size_t>(count));
    matrix_.read(begin, count, block.indices.data(), block.values.data());
  }

 private:
  H5adCompressed matrix_;
};

}  // namespace

std::unique_ptr<CellSource> open_csr_rows(SourceHead head, const Hdf5Object& x, const OpenOptions& options) {
  return std::make_unique<CsrRows>(std::move(head), x, options);
}

}  // namespace cellverdict
