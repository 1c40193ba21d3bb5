// A shard of the store, its X read in place: the file is mapped and the arrays are views into it.

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_read.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

struct Mapping {
  const std::byte* data = nullptr;
  std::int64_t bytes = 0;
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data != nullptr) ::munmap(const_cast<std::byte*>(data), static_cast<std::size_t>(bytes));
  }
};

// What a shard's views point into. Row ends of 32 bits are widened; they are one number a cell.
struct Kept {
  std::shared_ptr<const Mapping> mapping;
  std::vector<std::int64_t> indptr;
};

std::shared_ptr<const Mapping> map_file(const fs::path& path) {
  const auto refuse = [&] { throw InputError({.where = path.string(), .found = std::strerror(errno), .expected = "to map it"}); };
  auto mapping = std::make_shared<Mapping>();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) refuse();
  struct stat status{};
  void* data = MAP_FAILED;
  if (::fstat(fd, &status) == 0) data = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, fd, 0);
  const int reason = errno;
  ::close(fd);
  errno = reason;
  if (data == MAP_FAILED) refuse();
  mapping->data = static_cast<const std::byte*>(data);
  mapping->bytes = status.st_size;
  return mapping;
}

// The elements of a dataset where they lie. An empty dataset has no place and is an empty view.
template <class T>
std::span<const T> view(const Hdf5Object& array, const Mapping& mapping, Hdf5Kind kind) {
  if (array.is_group() || array.shape().size() != 1 || array.kind() != kind || array.element_bytes() != sizeof(T))
    array.refuse("elements of another type", "an array written by cellverdict", "prepare the data again");
  if (array.rows() == 0) return {};
  const auto offset = array.offset_in_file();
  if (!offset || *offset % static_cast<std::int64_t>(sizeof(T)) != 0)
    array.refuse("an array that is not stored in one aligned piece", "one written by cellverdict", "prepare the data again");
  if (*offset < 0 || *offset > mapping.bytes || array.rows() > (mapping.bytes - *offset) / static_cast<std::int64_t>(sizeof(T)))
    array.refuse("an array that goes beyond the end of the file", "a whole file", "prepare the data again");
  return {reinterpret_cast<const T*>(mapping.data + *offset), static_cast<std::size_t>(array.rows())};
}

// Nets index their weights with these numbers, so each is looked at once.
void check_rows(const Hdf5Object& x, const CsrShard& shard, std::size_t n_values, std::int64_t n_rows, std::int64_t n_genes) {
  const auto n_stored = static_cast<std::int64_t>(shard.indices.size());
  if (shard.n_rows() != n_rows || n_values != shard.indices.size() || shard.indptr.front() != 0 || shard.indptr.back() != n_stored)
    x.refuse("arrays whose lengths disagree", "a whole shard", "prepare the data again");
  for (std::int64_t row = 0; row < n_rows; ++row)
    if (shard.indptr[row + 1] < shard.indptr[row])
      x.refuse("indptr that falls at row " + std::to_string(row), "ascending values", "prepare the data again");
  std::atomic<bool> beyond = false;
  parallel_for(n_stored, available_threads(), [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t largest = 0;  // a negative index is larger than any gene
    for (std::int64_t k = begin; k < end; ++k) largest = std::max(largest, static_cast<std::uint32_t>(shard.indices[k]));
    if (largest >= n_genes) beyond = true;
  });
  if (beyond) x.refuse("a gene index out of range", "below " + std::to_string(n_genes), "prepare the data again");
}

}  // namespace

MappedH5ad map_h5ad(const fs::path& path) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  std::vector<std::string> notes;
  MappedH5ad out;
  out.obs = read_h5ad_frame(root.open("obs"), notes);
  out.genes = read_h5ad_genes(root.open("var"), notes);
  const Hdf5Object x = root.open("X");
  if (x.text_attribute("encoding-type") != "csr_matrix")
    x.refuse("another layout", "csr_matrix", "this is no shard; prepare the data again");
  const auto mapping = map_file(path);
  const Hdf5Object data = x.open("data"), indices = x.open("indices"), indptr = x.open("indptr");
  const auto kept = std::make_shared<Kept>(Kept{mapping, {}});
  if (indptr.element_bytes() == sizeof(std::int32_t)) {
    const auto narrow = view<std::int32_t>(indptr, *mapping, Hdf5Kind::whole);
    kept->indptr.assign(narrow.begin(), narrow.end());
    out.shard.indptr = kept->indptr;
  } else {
    out.shard.indptr = view<std::int64_t>(indptr, *mapping, Hdf5Kind::whole);
  }
  out.shard.indices = view<std::int32_t>(indices, *mapping, Hdf5Kind::whole);
  std::size_t n_values = 0;
  if (data.kind() == Hdf5Kind::real) {
    out.shard.values = view<float>(data, *mapping, Hdf5Kind::real);
    n_values = std::get<1>(out.shard.values).size();
  } else {
    if (data.is_signed()) data.refuse("signed numbers", "16-bit counts or 32-bit floats", "prepare the data again");
    out.shard.values = view<std::uint16_t>(data, *mapping, Hdf5Kind::whole);
    n_values = std::get<0>(out.shard.values).size();
  }
  if (out.shard.indptr.empty()) indptr.refuse("an empty array", "one value more than cells");
  check_rows(x, out.shard, n_values, out.obs.n_rows(), out.genes.size());
  out.shard.keep = kept;
  return out;
}

}  // namespace cellverdict
