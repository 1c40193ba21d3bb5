#include <cellverdict/io/h5ad_write.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/file_write.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/hdf5_output.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kPage = 4096;

std::vector<std::uint16_t> as_16_bit(const std::vector<float>& values, const std::string& where) {
  std::vector<std::uint16_t> out;
  out.reserve(values.size());
  for (const float value : values) {
    if (!(value >= 0 && value <= 65535 && value == std::floor(value)))
      throw InternalError({.where = where, .found = std::to_string(value), .expected = "a whole number of 16 bits"});
    out.push_back(static_cast<std::uint16_t>(value));
  }
  return out;
}

void check_block(const CsrBlock& block, std::int64_t n_genes, const std::string& where) {
  for (const std::int32_t gene : block.indices)
    if (gene < 0 || gene >= n_genes)
      throw InternalError(
          {.where = where, .found = "gene " + std::to_string(gene), .expected = "below " + std::to_string(n_genes)});
}

// As wide as the indices where the numbers allow: scanpy's compiled functions refuse a mixture.
bool narrow_ends(std::int64_t n_entries) {
  return n_entries <= std::numeric_limits<std::int32_t>::max();
}

void write_ends(Hdf5Group& x, const std::vector<std::int64_t>& ends) {
  const bool narrow = narrow_ends(ends.back());
  Hdf5Array indptr = x.array("indptr", narrow ? Hdf5Element::int32 : Hdf5Element::int64, std::ssize(ends));
  if (narrow) {
    const std::vector<std::int32_t> narrow_ones(ends.begin(), ends.end());
    indptr.append(narrow_ones.data(), std::ssize(narrow_ones));
  } else {
    indptr.append(ends.data(), std::ssize(ends));
  }
}

std::int64_t write_rows(Hdf5Group& root, const H5adContents& contents, const std::string& where) {
  const std::int64_t shape[] = {contents.obs.n_rows(), contents.var.n_rows()};
  Hdf5Group x = root.group("X", "csr_matrix", "0.1.0");
  x.mark_whole("shape", shape);
  const bool in_one_piece = contents.n_nonzero && contents.packing == Hdf5Packing::none;
  const auto array = [&](const char* name, Hdf5Element element) {
    return in_one_piece ? x.array(name, element, *contents.n_nonzero) : x.growing_array(name, element, contents.packing);
  };
  Hdf5Array data = array("data", contents.whole_16_bit ? Hdf5Element::uint16 : Hdf5Element::float32);
  Hdf5Array indices = array("indices", Hdf5Element::int32);
  std::vector<std::int64_t> ends{0};
  for (CsrBlock block; block.clear(), contents.next_block(block);) {
    check_block(block, shape[1], where);
    const std::int64_t start = indices.filled(), n = std::ssize(block.indices);
    indices.append(block.indices.data(), n);
    if (contents.whole_16_bit) {
      data.append(as_16_bit(block.values, where).data(), n);
    } else {
      data.append(block.values.data(), n);
    }
    for (std::int64_t row = 1; row <= block.n_rows(); ++row) ends.push_back(start + block.indptr[row]);
  }
  const std::int64_t n_announced = contents.n_nonzero.value_or(ends.back());
  if (ends.back() != n_announced || std::ssize(ends) != shape[0] + 1)
    throw InternalError({.where = where,
                         .found = counted(std::ssize(ends) - 1, "row") + " with " + counted(ends.back(), "value"),
                         .expected = counted(shape[0], "row") + " with " + counted(n_announced, "value")});
  write_ends(x, ends);
  return ends.back();
}

// The parts every AnnData file has, empty where we have nothing to say.
template <class Obs>
void write_rest(Hdf5Group& root, const Obs& obs, const Frame& var, const std::map<std::string, std::string>& notes) {
  root.mark("encoding-type", "anndata");
  root.mark("encoding-version", "0.1.0");
  write_h5ad_frame(root, "obs", obs);
  write_h5ad_frame(root, "var", var);
  for (const char* name : {"obsm", "varm", "obsp", "varp"}) root.group(name, "dict", "0.1.0");
  Hdf5Group uns = root.group("uns", "dict", "0.1.0");
  for (const auto& [name, text] : notes) uns.scalar_text(name, text);
}

}  // namespace

std::int64_t write_h5ad(const std::filesystem::path& path, const H5adContents& contents) {
  AtomicPath out(path);
  std::int64_t n_entries = 0;
  {
    // Aligned while X is laid out; everything else is small and goes where there is room.
    Hdf5Group root = Hdf5Group::create_file(out.temporary(), path, contents.packing == Hdf5Packing::none ? kPage : 1);
    n_entries = write_rows(root, contents, path.string());
    root.close_file();
  }
  {
    Hdf5Group root = Hdf5Group::reopen_file(out.temporary(), path);
    write_rest(root, contents.obs, contents.var, contents.notes);
    root.group("layers", "dict", "0.1.0");
    root.close_file();
  }
  out.commit();
  return n_entries;
}

H5adShard::H5adShard(const std::filesystem::path& path, const H5adShardShape& shape) : out_(path), path_(path), shape_(shape) {
  const std::int64_t sizes[] = {shape.n_rows, shape.n_genes};
  Hdf5Group root = Hdf5Group::create_file(out_.temporary(), path, kPage);
  {
    Hdf5Group x = root.group("X", "csr_matrix", "0.1.0");
    x.mark_whole("shape", sizes);
    genes_at_ = x.array("indices", Hdf5Element::int32, shape.n_entries).offset();
    data_at_ = x.array("data", shape.whole_16_bit ? Hdf5Element::uint16 : Hdf5Element::float32, shape.n_entries).offset();
    ends_at_ = x.array("indptr", narrow_ends(shape.n_entries) ? Hdf5Element::int32 : Hdf5Element::int64, shape.n_rows + 1).offset();
  }
  root.close_file();
  begin();
}

void H5adShard::begin() {
  file_ = ::open(out_.temporary().c_str(), O_RDWR | O_CLOEXEC);
  if (file_ < 0) refuse_unwritten(path_);
  const std::int64_t zero = 0;
  write_ends(-1, std::span(&zero, 1));
}

std::int64_t H5adShard::head_bytes(const fs::path& folder) {
  // What comes before the first array does not depend on the lengths.
  return H5adShard(folder / "head.h5ad", {.n_rows = 1, .n_genes = 1, .n_entries = 1}).genes_at_;
}

bool H5adShard::take_genes(ScratchFile& file, std::int64_t head_bytes) {
  if (shape_.n_entries == 0 || genes_at_ != head_bytes) return false;
  struct stat laid_out{};
  if (::fstat(file_, &laid_out) != 0) refuse_unwritten(path_);
  const fs::path taken = file.give_away();
  const int to = ::open(taken.c_str(), O_RDWR | O_CLOEXEC);
  bool good = to >= 0 && ::fchmod(to, laid_out.st_mode & 0777) == 0 && ::ftruncate(to, laid_out.st_size) == 0;
  // All that is no array: the library's own parts of the file, before, between and behind them.
  std::vector<std::byte> bytes;
  std::int64_t from = 0;
  const auto copy_up_to = [&](std::int64_t end) {
    bytes.resize(static_cast<std::size_t>(std::max<std::int64_t>(end - from, 0)));
    good = good && ::pread(file_, bytes.data(), bytes.size(), from) == std::ssize(bytes) &&
           write_all_at(to, from, bytes.data(), std::ssize(bytes));
  };
  std::array<std::pair<std::int64_t, std::int64_t>, 3> arrays{
      {{genes_at_, 4 * shape_.n_entries},
       {data_at_, (shape_.whole_16_bit ? 2 : 4) * shape_.n_entries},
       {ends_at_, (narrow_ends(shape_.n_entries) ? 4 : 8) * (shape_.n_rows + 1)}}};
  std::sort(arrays.begin(), arrays.end());
  for (const auto& [begin, length] : arrays) {
    copy_up_to(begin);
    from = begin + length;
  }
  copy_up_to(laid_out.st_size);
  if (to >= 0) good = ::close(to) == 0 && good;
  std::error_code failure;
  if (good) fs::rename(taken, out_.temporary(), failure);
  if (!good || failure) {
    std::error_code ignored;
    fs::remove(taken, ignored);
    refuse_unwritten(path_);
  }
  ::close(std::exchange(file_, -1));
  begin();
  return true;
}

H5adShard::~H5adShard() {
  if (file_ >= 0) ::close(file_);
}

void H5adShard::write_at(std::int64_t place, const void* bytes, std::int64_t n) const {
  if (!write_all_at(file_, place, bytes, n)) refuse_unwritten(path_);
  // The disk begins at once: what is left to wait for at the end is the last part alone.
  ::sync_file_range(file_, place, n, SYNC_FILE_RANGE_WRITE);
}

void H5adShard::write_ends(std::int64_t first_row, std::span<const std::int64_t> ends) const {
  if (narrow_ends(shape_.n_entries)) {
    const std::vector<std::int32_t> narrow(ends.begin(), ends.end());
    write_at(ends_at_ + 4 * (first_row + 1), narrow.data(), 4 * std::ssize(ends));
  } else {
    write_at(ends_at_ + 8 * (first_row + 1), ends.data(), 8 * std::ssize(ends));
  }
}

void H5adShard::write_genes(std::int64_t first_entry, std::span<const std::int32_t> genes) const {
  write_at(genes_at_ + 4 * first_entry, genes.data(), 4 * std::ssize(genes));
}

void H5adShard::write_counts(std::int64_t first_entry, std::span<const std::uint16_t> counts) const {
  write_at(data_at_ + 2 * first_entry, counts.data(), 2 * std::ssize(counts));
}

void H5adShard::write_values(std::int64_t first_entry, std::span<const float> values) const {
  write_at(data_at_ + 4 * first_entry, values.data(), 4 * std::ssize(values));
}

void H5adShard::finish(const H5adLateFrame& obs, const Frame& var) {
  if (::close(std::exchange(file_, -1)) != 0) refuse_unwritten(path_);
  {
    Hdf5Group root = Hdf5Group::reopen_file(out_.temporary(), path_);
    write_rest(root, obs, var, {});
    root.group("layers", "dict", "0.1.0");
    root.close_file();
  }
  out_.commit();
}

void write_dense_h5ad(const std::filesystem::path& path, const DenseH5adContents& contents) {
  AtomicPath out(path);
  {
    const std::int64_t n_obs = contents.obs.n_rows(), n_var = contents.var.n_rows();
    Hdf5Group root = Hdf5Group::create_file(out.temporary(), path, 1);
    root.matrix("X", contents.x, n_obs, n_var);
    write_rest(root, contents.obs, contents.var, contents.notes);
    {
      Hdf5Group obsm = root.open_group("obsm");
      for (const auto& [name, values, n_dimensions] : contents.obsm) obsm.matrix(name, values, n_obs, n_dimensions);
    }
    {
      Hdf5Group layers = root.group("layers", "dict", "0.1.0");
      for (const auto& [name, values] : contents.layers) layers.matrix(name, values, n_obs, n_var);
    }
    root.close_file();
  }
  out.commit();
}

}  // namespace cellverdict
