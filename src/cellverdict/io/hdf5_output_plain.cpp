// The parts of the writing side that other formats than AnnData's need, and the changing of a file that is there.

#include <cellverdict/base/error.h>
#include <cellverdict/io/hdf5_output.h>

#include <hdf5.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr hsize_t kPackedChunk = 1 << 16;  // elements; a quarter of a megabyte and more a chunk
constexpr unsigned kGzipLevel = 4;         // what Cell Ranger and h5py take

hid_t memory_type(Hdf5Element element) {
  switch (element) {
    case Hdf5Element::float32:
      return H5T_NATIVE_FLOAT;
    case Hdf5Element::float64:
      return H5T_NATIVE_DOUBLE;
    case Hdf5Element::int32:
      return H5T_NATIVE_INT32;
    case Hdf5Element::int64:
      return H5T_NATIVE_INT64;
    default:
      break;
  }
  throw InternalError({.where = "HDF5 output", .found = "an element this layout is not written with"});
}

hid_t file_type(Hdf5Element element) {
  switch (element) {
    case Hdf5Element::float32:
      return H5T_IEEE_F32LE;
    case Hdf5Element::float64:
      return H5T_IEEE_F64LE;
    case Hdf5Element::int32:
      return H5T_STD_I32LE;
    default:
      return H5T_STD_I64LE;
  }
}

[[noreturn]] void refuse_values(const std::string& where) {
  const std::string reason = hdf5_reason();
  throw InputError({.where = where,
                    .found = "a failure to write values" + (reason.empty() ? "" : " (" + reason + ")"),
                    .expected = "",
                    .advice = "check free space and permissions"});
}

Hdf5Handle chunked(std::span<const hsize_t> chunk, Hdf5Packing packing) {
  Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation.id(), false);
  H5Pset_chunk(creation.id(), static_cast<int>(chunk.size()), chunk.data());
  if (packing == Hdf5Packing::gzip) H5Pset_deflate(creation.id(), kGzipLevel);
  return creation;
}

}  // namespace

bool Hdf5Group::has(const std::string& name) const {
  return H5Lexists(handle_.id(), name.c_str(), H5P_DEFAULT) > 0;
}

Hdf5Group Hdf5Group::open_group(const std::string& name) {
  Hdf5Group child;
  child.file_ = file_;
  child.path_ = path_ + " " + name;
  child.handle_ = Hdf5Handle(H5Gopen2(handle_.id(), name.c_str(), H5P_DEFAULT), H5Gclose);
  if (!child.handle_) refuse("group " + name);
  return child;
}

void Hdf5Group::remove(const std::string& name) {
  if (has(name) && H5Ldelete(handle_.id(), name.c_str(), H5P_DEFAULT) < 0) refuse(name);
}

void Hdf5Group::remove_mark(const std::string& name) {
  if (H5Aexists(handle_.id(), name.c_str()) > 0 && H5Adelete(handle_.id(), name.c_str()) < 0) refuse("attribute " + name);
}

Hdf5Array Hdf5Group::packed_array(const std::string& name, Hdf5Element element, std::int64_t length) {
  if (length == 0) return array(name, element, 0);
  Hdf5Array out;
  out.element_ = element;
  out.length_ = length;
  out.where_ = path_ + "/" + name;
  const auto n = static_cast<hsize_t>(length), chunk = std::min(n, kPackedChunk);
  const Hdf5Handle creation = chunked(std::span(&chunk, 1), Hdf5Packing::gzip);
  const Hdf5Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  out.handle_ = Hdf5Handle(
      H5Dcreate2(handle_.id(), name.c_str(), file_type(element), space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Dclose);
  if (!out.handle_) refuse(name);
  return out;
}

Hdf5Array Hdf5Group::growing_array(const std::string& name, Hdf5Element element, Hdf5Packing packing) {
  Hdf5Array out;
  out.element_ = element;
  out.grows_ = true;
  out.where_ = path_ + "/" + name;
  const hsize_t none = 0, unlimited = H5S_UNLIMITED, chunk = kPackedChunk;
  const Hdf5Handle creation = chunked(std::span(&chunk, 1), packing);
  const Hdf5Handle space(H5Screate_simple(1, &none, &unlimited), H5Sclose);
  out.handle_ = Hdf5Handle(
      H5Dcreate2(handle_.id(), name.c_str(), file_type(element), space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Dclose);
  if (!out.handle_) refuse(name);
  return out;
}

Hdf5Matrix Hdf5Group::empty_matrix(const std::string& name, Hdf5Element element, const Hdf5MatrixShape& shape) {
  Hdf5Matrix out;
  out.element_ = element;
  out.n_rows_ = shape.n_rows;
  out.where_ = path_ + "/" + name;
  const hsize_t lengths[] = {static_cast<hsize_t>(shape.n_rows), static_cast<hsize_t>(shape.n_columns)};
  const hsize_t chunk[] = {std::min(lengths[0], static_cast<hsize_t>(shape.chunk)),
                           std::min(lengths[1], static_cast<hsize_t>(shape.chunk))};
  const Hdf5Handle creation = chunked(chunk, shape.packing);
  const Hdf5Handle space(H5Screate_simple(2, lengths, nullptr), H5Sclose);
  out.handle_ = Hdf5Handle(
      H5Dcreate2(handle_.id(), name.c_str(), file_type(element), space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Dclose);
  if (!out.handle_) refuse(name);
  return out;
}

void Hdf5Matrix::write_columns(std::int64_t first, std::int64_t count, const void* values) {
  if (count == 0 || n_rows_ == 0) return;
  const hsize_t start[] = {0, static_cast<hsize_t>(first)};
  const hsize_t length[] = {static_cast<hsize_t>(n_rows_), static_cast<hsize_t>(count)};
  const Hdf5Handle space(H5Dget_space(handle_.id()), H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(2, length, nullptr), H5Sclose);
  if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start, nullptr, length, nullptr) < 0 ||
      H5Dwrite(handle_.id(), memory_type(element_), memory.id(), space.id(), H5P_DEFAULT, values) < 0)
    refuse_values(where_);
}

void Hdf5Group::plain_scalar_text(const std::string& name, const std::string& value) {
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), H5T_VARIABLE);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  const Hdf5Handle out = dataset(name, type.id(), {});
  const char* pointer = value.c_str();
  write_all(out, type.id(), &pointer, name);
}

void Hdf5Group::fixed_text(const std::string& name, const Names& values) {
  std::size_t width = 1;
  for (const auto value : values) width = std::max(width, value.size());
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), width);
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  std::vector<char> bytes(values.size() * width, '\0');
  auto place = bytes.begin();
  for (const auto value : values) {
    std::copy(value.begin(), value.end(), place);
    place += static_cast<std::ptrdiff_t>(width);
  }
  const std::int64_t length = static_cast<std::int64_t>(values.size());
  const Hdf5Handle out = dataset(name, type.id(), std::span(&length, 1));
  write_all(out, type.id(), bytes.data(), name);
}

void Hdf5Group::plain_numbers(const std::string& name, std::span<const double> values) {
  const std::int64_t length = static_cast<std::int64_t>(values.size());
  const Hdf5Handle out = dataset(name, H5T_IEEE_F64LE, std::span(&length, 1));
  write_all(out, H5T_NATIVE_DOUBLE, values.data(), name);
}

}  // namespace cellverdict
