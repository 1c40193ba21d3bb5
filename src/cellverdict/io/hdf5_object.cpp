#include <cellverdict/io/hdf5_object.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/hdf5_lzf.h>
#include <cellverdict/io/hdf5_text.h>

#include <hdf5.h>

#include <algorithm>
#include <fstream>
#include <new>
#include <type_traits>

namespace cellverdict {

namespace fs = std::filesystem;

static_assert(std::is_same_v<hid_t, std::int64_t> && std::is_same_v<herr_t, int>);

struct Hdf5Object::File {
  Hdf5Handle handle;
  fs::path path;
  std::int64_t bytes = 0;
};

namespace {

// The most a chunk may grow when unpacked; deflate's own bound is 1032.
constexpr std::int64_t kMostGrowth = 2000, kSlack = std::int64_t{1} << 20, kChunkSlack = std::int64_t{64} << 20;

constexpr std::size_t kLargestNumber = 16;  // bytes

[[noreturn]] void refuse_file(const fs::path& path, std::string found, std::string advice) {
  throw InputError(
      {.where = path.string(), .found = std::move(found), .expected = "an .h5ad file (HDF5)", .advice = std::move(advice)});
}

// libhdf5 cannot open it: say why in the user's terms.
[[noreturn]] void refuse_unopened(const fs::path& path, std::int64_t bytes) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) refuse_file(path, fs::exists(path) ? "a file that cannot be read" : "nothing at this path", "check the path");
  std::string head(24, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  if (head.empty()) refuse_file(path, "an empty file", "copy or download it again");
  if (head.starts_with("version https://git-lfs"))
    refuse_file(path, "a Git-LFS pointer of " + counted(bytes, "byte") + " in place of the file", "fetch it with `git lfs pull`");
  const std::string reason = hdf5_reason();
  if (head.starts_with("\x89HDF\r\n\x1a\n") && reason.find("truncated") != std::string::npos)
    refuse_file(path, "a truncated HDF5 file (" + counted(bytes, "byte") + ")", "copy or download it again");
  if (head.starts_with("\x89HDF\r\n\x1a\n")) refuse_file(path, "a damaged HDF5 file (" + reason + ")", "copy or download it again");
  refuse_file(path, "a file that is not HDF5", "check that this is the right file");
}

template <class T>
hid_t native_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t n = 1;
  for (const std::int64_t length : shape)
    if (__builtin_mul_overflow(n, length, &n)) return std::int64_t{1} << 62;
  return n;
}

Hdf5Kind kind_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return Hdf5Kind::whole;
    case H5T_FLOAT:
      return Hdf5Kind::real;
    case H5T_STRING:
      return Hdf5Kind::text;
    case H5T_COMPOUND:
      return Hdf5Kind::compound;
    case H5T_ENUM:
      return H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 ? Hdf5Kind::boolean : Hdf5Kind::other;
    default:
      return Hdf5Kind::other;
  }
}

}  // namespace

void silence_hdf5() {
  H5dont_atexit();  // its own end flushes files again that a full disk refused, and crashes on them
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
        auto& text = *static_cast<std::string*>(out);
        if (text.empty() && error->desc != nullptr) text = error->desc;
        return 0;
      },
      &reason);
  // "file write failed: time = …, filename = …, errno = 28, error message = 'No space left on device', buf = 0x…": the cause is
  // enough.
  static constexpr std::string_view kCause = "error message = '";
  if (const auto cause = reason.find(kCause); cause != std::string::npos) {
    reason.erase(0, cause + kCause.size());
    reason.resize(std::min(reason.find('\''), reason.size()));
  }
  return reason;
}

Hdf5Object Hdf5Object::open_file(const fs::path& path) {
  silence_hdf5();
  register_hdf5_lzf();
  std::error_code failure;
  const auto bytes = fs::is_regular_file(path, failure) ? static_cast<std::int64_t>(fs::file_size(path, failure)) : 0;
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access.id(), false, true);  // reading needs no lock, and many network file systems have none
  auto file = std::make_shared<File>();
  file->path = path;
  file->bytes = bytes;
  file->handle = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
  if (!file->handle) refuse_unopened(path, bytes);
  Hdf5Handle root(H5Oopen(file->handle.id(), "/", H5P_DEFAULT), H5Oclose);
  if (!root) refuse_unopened(path, bytes);
  return Hdf5Object(std::move(file), std::move(root), "", 0);
}

Hdf5Object::Hdf5Object(std::shared_ptr<const File> file, Hdf5Handle handle, std::string inner, std::int64_t cache_bytes)
    : file_(std::move(file)), handle_(std::move(handle)), inner_(std::move(inner)) {
  const H5I_type_t what = H5Iget_type(handle_.id());
  group_ = what == H5I_GROUP;
  if (group_) return;
  if (what != H5I_DATASET) refuse("neither a group nor a dataset");
  describe_dataset();
  check_size();
  if (cache_bytes > 0 && !chunk_.empty()) {
    // Opened once more with room for whole chunks: without it a chunk larger than the cache is unpacked again for every piece.
    const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
    const auto room = static_cast<std::size_t>(std::max<std::int64_t>(cache_bytes, 2 * chunk_bytes()));
    H5Pset_chunk_cache(access.id(), 10007, room, 1.0);
    handle_.reset();
    handle_ = Hdf5Handle(H5Dopen2(file_->handle.id(), inner_.c_str(), access.id()), H5Dclose);
    if (!handle_) refuse("a dataset that cannot be opened (" + hdf5_reason() + ")");
  }
}

void Hdf5Object::describe_type(std::int64_t type) {
  kind_ = kind_of(type);
  const std::size_t element_bytes = H5Tget_size(type);
  const bool number = kind_ == Hdf5Kind::whole || kind_ == Hdf5Kind::real;
  if (element_bytes > (number ? kLargestNumber : std::size_t{1} << 30))  // libhdf5 makes room for some of them
    refuse("elements of " + counted(static_cast<std::int64_t>(element_bytes), "byte"), "sizes that numbers and texts have",
           "the file is damaged; copy or download it again");
  element_bytes_ = static_cast<int>(element_bytes);
  signed_ = kind_ != Hdf5Kind::whole || H5Tget_sign(type) != H5T_SGN_NONE;
}

void Hdf5Object::describe_dataset() {
  const Hdf5Handle type(H5Dget_type(handle_.id()), H5Tclose);
  const Hdf5Handle space(H5Dget_space(handle_.id()), H5Sclose);
  const Hdf5Handle creation(H5Dget_create_plist(handle_.id()), H5Pclose);
  if (!type || !space || !creation) refuse("a dataset that cannot be understood (" + hdf5_reason() + ")");
  describe_type(type.id());
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (rank < 0) refuse("a dataset without a shape");
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.id(), lengths.data(), nullptr);
  shape_.assign(lengths.begin(), lengths.end());
  // Whoever made such a file could name any file of this machine, and no size could be checked.
  if (H5Pget_layout(creation.id()) == H5D_VIRTUAL || H5Pget_external_count(creation.id()) > 0)
    refuse("values that lie in another file", "values in this file", "write the file again with write_h5ad");
  if (H5Pget_layout(creation.id()) == H5D_CHUNKED) {
    H5Pget_chunk(creation.id(), rank, lengths.data());
    chunk_.assign(lengths.begin(), lengths.end());
  }
}

// A header may claim any shape; what is stored bounds what it can unpack to.
void Hdf5Object::check_size() const {
  const auto stored = static_cast<std::int64_t>(H5Dget_storage_size(handle_.id()));
  std::int64_t claimed = 0;
  if (__builtin_mul_overflow(product(shape_), element_bytes_, &claimed)) claimed = std::int64_t{1} << 62;
  for (const std::int64_t length : shape_)
    if (length < 0) claimed = std::int64_t{1} << 62;
  if (stored > file_->bytes || claimed / kMostGrowth > stored + kSlack / kMostGrowth)
    refuse("a dataset of " + counted(claimed, "byte") + " in a file of " + counted(file_->bytes, "byte"), "sizes that fit the file",
           "the file is damaged; copy or download it again");
  const Hdf5Handle creation(H5Dget_create_plist(handle_.id()), H5Pclose);
  if (H5Pget_layout(creation.id()) == H5D_COMPACT && claimed > stored)  // libhdf5 reads beyond it
    refuse(counted(claimed, "byte") + " where " + counted(stored, "byte") + " are stored", "as many as its shape says",
           "the file is damaged; copy or download it again");
  if (!chunk_.empty() && chunk_bytes() / kMostGrowth > stored + kChunkSlack / kMostGrowth)
    refuse("chunks of " + counted(chunk_bytes(), "byte") + " in a file of " + counted(file_->bytes, "byte"),
           "sizes that fit the file", "the file is damaged; copy or download it again");
}

std::int64_t Hdf5Object::chunk_bytes() const {
  std::int64_t bytes = 0;
  if (chunk_.empty() || __builtin_mul_overflow(product(chunk_), element_bytes_, &bytes)) return 0;
  return bytes;
}

bool Hdf5Object::has(const std::string& child) const {
  // H5Lexists fails, rather than says no, when a part before the last is missing.
  for (std::size_t end = child.find('/');; end = child.find('/', end + 1)) {
    const std::string part = child.substr(0, end);
    if (part.empty() || H5Lexists(handle_.id(), part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return H5Oexists_by_name(handle_.id(), child.c_str(), H5P_DEFAULT) > 0;
  }
}

Hdf5Object Hdf5Object::open(const std::string& child, std::int64_t cache_bytes) const {
  const std::string path = inner_.empty() ? child : inner_ + "/" + child;
  if (!group_) refuse("a dataset", "a group with " + child);
  if (!has(child))
    throw InputError({.where = file_->path.string(),
                      .found = "no " + path,
                      .expected = "the file to hold it",
                      .advice = "the file is incomplete or not an AnnData file"});
  Hdf5Handle handle(H5Oopen(handle_.id(), child.c_str(), H5P_DEFAULT), H5Oclose);
  if (!handle)
    throw InputError(
        {.where = file_->path.string() + " " + path, .found = "an object that cannot be opened (" + hdf5_reason() + ")"});
  return Hdf5Object(file_, std::move(handle), path, cache_bytes);
}

std::vector<std::string> Hdf5Object::children() const {
  std::vector<std::string> names;
  if (!group_) return names;
  H5Literate(
      handle_.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
      },
      &names);
  return names;
}

std::string Hdf5Object::where() const {
  return inner_.empty() ? file_->path.string() : file_->path.string() + " " + inner_;
}

const fs::path& Hdf5Object::file() const {
  return file_->path;
}

std::int64_t Hdf5Object::file_id() const {
  return file_->handle.id();
}

std::int64_t Hdf5Object::file_bytes() const {
  return file_->bytes;
}

void Hdf5Object::refuse(std::string found, std::string expected, std::string advice) const {
  throw InputError({where(), std::move(found), std::move(expected), std::move(advice)});
}

bool Hdf5Object::has_attribute(const std::string& name) const {
  return H5Aexists(handle_.id(), name.c_str()) > 0;
}

Hdf5Handle Hdf5Object::open_attribute(const std::string& name) const {
  if (!has_attribute(name)) return {};
  return {H5Aopen(handle_.id(), name.c_str(), H5P_DEFAULT), H5Aclose};
}

std::optional<std::vector<std::string>> Hdf5Object::text_list_attribute(const std::string& name) const {
  const Hdf5Handle attribute = open_attribute(name);
  if (!attribute) return std::nullopt;
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space.id());
  if (n == 0) return std::vector<std::string>();  // anndata writes an empty list as an empty array of numbers
  if (n < 0 || n > file_->bytes || H5Tget_class(type.id()) != H5T_STRING) return std::nullopt;
  return read_text_of({.from = attribute.id(), .type = type.id(), .count = n, .attribute = true}).texts();
}

std::optional<std::string> Hdf5Object::text_attribute(const std::string& name) const {
  auto texts = text_list_attribute(name);
  if (!texts || texts->size() != 1) return std::nullopt;
  return std::move(texts->front());
}

std::optional<std::vector<std::int64_t>> Hdf5Object::whole_attribute(const std::string& name) const {
  const Hdf5Handle attribute = open_attribute(name);
  if (!attribute) return std::nullopt;
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space.id());
  if (n < 0 || n > file_->bytes || H5Tget_class(type.id()) != H5T_INTEGER) return std::nullopt;
  std::vector<std::int64_t> out(static_cast<std::size_t>(n));
  if (H5Aread(attribute.id(), H5T_NATIVE_INT64, out.data()) < 0) return std::nullopt;
  return out;
}

std::optional<std::int64_t> Hdf5Object::offset_in_file() const {
  const Hdf5Handle type(H5Dget_type(handle_.id()), H5Tclose);
  const Hdf5Handle native(H5Tget_native_type(type.id(), H5T_DIR_ASCEND), H5Tclose);
  const Hdf5Handle creation(H5Dget_create_plist(handle_.id()), H5Pclose);
  if (H5Tequal(type.id(), native.id()) <= 0 || H5Pget_layout(creation.id()) != H5D_CONTIGUOUS ||
      H5Pget_external_count(creation.id()) != 0)
    return std::nullopt;
  const haddr_t offset = H5Dget_offset(handle_.id());
  if (offset == HADDR_UNDEF) return std::nullopt;
  return static_cast<std::int64_t>(offset);
}

// A file is not damaged because there is no memory for it.
void Hdf5Object::refuse_values() const {
  const std::string reason = hdf5_reason();
  if (reason.find("memory allocation failed") != std::string::npos) throw std::bad_alloc();
  refuse("values that cannot be read (" + reason + ")", "", "the file is damaged or needs a missing HDF5 filter");
}

template <class T>
void Hdf5Object::read(std::int64_t first, std::int64_t count, T* out) const {
  if (group_ || (kind_ != Hdf5Kind::whole && kind_ != Hdf5Kind::real))
    refuse(group_ ? "a group" : "values that are not numbers", "numbers");
  if (count == 0) return;
  if (shape_.empty() || first < 0 || count < 0 || first + count > rows()) refuse("too few values", std::to_string(first + count));
  // The records of a field that is a vector itself are selected by their one dimension.
  std::vector<hsize_t> start(field_.empty() ? shape_.size() : 1, 0), length(shape_.begin(), shape_.begin() + std::ssize(start));
  start[0] = static_cast<hsize_t>(first);
  length[0] = static_cast<hsize_t>(count);
  const Hdf5Handle space(H5Dget_space(handle_.id()), H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(static_cast<int>(length.size()), length.data(), nullptr), H5Sclose);
  const Hdf5Handle type = in_memory(native_type<T>());
  if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, length.data(), nullptr) < 0 ||
      H5Dread(handle_.id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, out) < 0)
    refuse_values();
}

template <class T>
std::vector<T> Hdf5Object::read_all() const {
  std::vector<T> out(static_cast<std::size_t>(group_ ? 0 : product(shape_)));
  read(0, rows(), out.data());
  return out;
}

template void Hdf5Object::read(std::int64_t, std::int64_t, float*) const;
template void Hdf5Object::read(std::int64_t, std::int64_t, double*) const;
template void Hdf5Object::read(std::int64_t, std::int64_t, std::int32_t*) const;
template void Hdf5Object::read(std::int64_t, std::int64_t, std::int64_t*) const;
template std::vector<double> Hdf5Object::read_all() const;
template std::vector<std::int32_t> Hdf5Object::read_all() const;
template std::vector<std::int64_t> Hdf5Object::read_all() const;

void Hdf5Object::read_columns(std::int64_t first, std::int64_t count, float* out) const {
  if (group_ || (kind_ != Hdf5Kind::whole && kind_ != Hdf5Kind::real) || shape_.size() != 2)
    refuse("no matrix", "a matrix of numbers");
  if (count == 0 || rows() == 0) return;
  if (first < 0 || count < 0 || first + count > shape_[1]) refuse("too few columns", std::to_string(first + count));
  const hsize_t start[] = {0, static_cast<hsize_t>(first)};
  const hsize_t length[] = {static_cast<hsize_t>(rows()), static_cast<hsize_t>(count)};
  const Hdf5Handle space(H5Dget_space(handle_.id()), H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(2, length, nullptr), H5Sclose);
  if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start, nullptr, length, nullptr) < 0 ||
      H5Dread(handle_.id(), H5T_NATIVE_FLOAT, memory.id(), space.id(), H5P_DEFAULT, out) < 0)
    refuse_values();
}

std::int64_t Hdf5Object::text_budget() const {
  return file_->bytes * kMostGrowth + kSlack;
}

}  // namespace cellverdict
