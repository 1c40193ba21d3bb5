#include <cellverdict/io/hdf5_output.h>

#include <cellverdict/base/error.h>

#include <hdf5.h>

#include <algorithm>
#include <type_traits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse_write(const std::string& path, const std::string& what) {
  const std::string reason = hdf5_reason();
  throw InputError({.where = path,
                    .found = "a failure to write " + what + (reason.empty() ? "" : " (" + reason + ")"),
                    .expected = "",
                    .advice = "check free space and permissions"});
}

struct Types {
  hid_t file, memory;
};

Types types_of(Hdf5Element element) {
  switch (element) {
    case Hdf5Element::float32:
      return {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT};
    case Hdf5Element::float64:
      return {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE};
    case Hdf5Element::uint8:
      return {H5T_STD_U8LE, H5T_NATIVE_UINT8};
    case Hdf5Element::uint16:
      return {H5T_STD_U16LE, H5T_NATIVE_UINT16};
    case Hdf5Element::int8:
      return {H5T_STD_I8LE, H5T_NATIVE_INT8};
    case Hdf5Element::int16:
      return {H5T_STD_I16LE, H5T_NATIVE_INT16};
    case Hdf5Element::int32:
      return {H5T_STD_I32LE, H5T_NATIVE_INT32};
    case Hdf5Element::int64:
      break;
  }
  return {H5T_STD_I64LE, H5T_NATIVE_INT64};
}

Hdf5Handle text_type() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), H5T_VARIABLE);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  return type;
}

std::vector<const char*> pointers_to(std::span<const std::string> values) {
  std::vector<const char*> out;
  out.reserve(values.size());
  for (const auto& value : values) out.push_back(value.c_str());
  return out;
}

Hdf5Handle make_space(std::span<const std::int64_t> shape) {
  if (shape.empty()) return {H5Screate(H5S_SCALAR), H5Sclose};
  const std::vector<hsize_t> lengths(shape.begin(), shape.end());
  return {H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr), H5Sclose};
}

// What creates a link also creates the groups a name with slashes passes through, as anndata does.
Hdf5Handle link_options() {
  Hdf5Handle options(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(options.id(), 1);
  H5Pset_char_encoding(options.id(), H5T_CSET_UTF8);
  return options;
}

bool put_attribute(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type, std::span<const std::int64_t> shape,
                   const void* values) {
  const Hdf5Handle space = make_space(shape);
  const Hdf5Handle attribute(H5Acreate2(object, name.c_str(), file_type, space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (attribute && H5Sget_simple_extent_npoints(space.id()) == 0) return true;  // nothing to write, and no place to take it from
  return attribute && H5Awrite(attribute.id(), memory_type, values) >= 0;
}

bool put_text_attribute(hid_t object, const std::string& name, const std::string& value) {
  const Hdf5Handle type = text_type();
  const char* pointer = value.c_str();
  return put_attribute(object, name, type.id(), type.id(), {}, &pointer);
}

bool put_encoding(const Hdf5Handle& object, const char* encoding, const char* version) {
  return put_text_attribute(object.id(), "encoding-type", encoding) && put_text_attribute(object.id(), "encoding-version", version);
}

}  // namespace

void Hdf5Array::append(const void* values, std::int64_t count) {
  write_at(filled_, values, count);
  filled_ += count;
}

void Hdf5Array::write_at(std::int64_t first, const void* values, std::int64_t count) {
  if (count == 0) return;
  if (grows_ && first + count > length_) {
    const auto longer = static_cast<hsize_t>(first + count);
    if (H5Dset_extent(handle_.id(), &longer) < 0) refuse_write(where_, "values");
    length_ = first + count;
  }
  if (first < 0 || first + count > length_)
    throw InternalError(
        {.where = where_, .found = "more than " + std::to_string(length_) + " values", .expected = "as many as were announced"});
  const auto start = static_cast<hsize_t>(first), length = static_cast<hsize_t>(count);
  const Hdf5Handle space(H5Dget_space(handle_.id()), H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose);
  if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &length, nullptr) < 0 ||
      H5Dwrite(handle_.id(), types_of(element_).memory, memory.id(), space.id(), H5P_DEFAULT, values) < 0)
    refuse_write(where_, "values");
}

std::int64_t Hdf5Array::offset() const {
  const haddr_t offset = H5Dget_offset(handle_.id());
  return offset == HADDR_UNDEF ? -1 : static_cast<std::int64_t>(offset);
}

Hdf5Group Hdf5Group::create_file(const fs::path& path, const fs::path& shown, std::int64_t alignment) {
  silence_hdf5();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_alignment(access.id(), 1, static_cast<hsize_t>(alignment));
  H5Pset_file_locking(access.id(), false, true);  // nobody else knows the temporary name
  Hdf5Group root;
  root.path_ = shown.string();
  root.file_ = std::make_shared<Hdf5Handle>(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
  if (*root.file_) root.handle_ = Hdf5Handle(H5Gopen2(root.file_->id(), "/", H5P_DEFAULT), H5Gclose);
  if (!root.handle_) root.refuse("the file");
  return root;
}

Hdf5Group Hdf5Group::reopen_file(const fs::path& path, const fs::path& shown) {
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access.id(), false, true);
  Hdf5Group root;
  root.path_ = shown.string();
  root.file_ = std::make_shared<Hdf5Handle>(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id()), H5Fclose);
  if (*root.file_) root.handle_ = Hdf5Handle(H5Gopen2(root.file_->id(), "/", H5P_DEFAULT), H5Gclose);
  if (!root.handle_) root.refuse("the file");
  return root;
}

void Hdf5Group::close_file() {
  handle_.reset();
  // Asked for one by one: the reason of a failure is that of the last call.
  if (H5Fflush(file_->id(), H5F_SCOPE_GLOBAL) < 0) refuse("the end of the file");
  if (!file_->reset()) refuse("the end of the file");
}

void Hdf5Group::refuse(const std::string& what) const {
  refuse_write(path_, what);
}

Hdf5Group Hdf5Group::group(const std::string& name, const std::string& encoding, const std::string& version) {
  Hdf5Group child;
  child.file_ = file_;
  child.path_ = path_ + " " + name;
  const Hdf5Handle options = link_options();
  const Hdf5Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation.id(), false);
  child.handle_ = Hdf5Handle(H5Gcreate2(handle_.id(), name.c_str(), options.id(), creation.id(), H5P_DEFAULT), H5Gclose);
  if (!child.handle_) refuse("group " + name);
  if (!encoding.empty()) {
    child.mark("encoding-type", encoding);
    child.mark("encoding-version", version);
  }
  return child;
}

void Hdf5Group::mark(const std::string& name, const std::string& value) {
  if (!put_text_attribute(handle_.id(), name, value)) refuse("attribute " + name);
}

void Hdf5Group::mark_list(const std::string& name, std::span<const std::string> values) {
  const Hdf5Handle type = text_type();
  const auto pointers = pointers_to(values);
  const std::int64_t length = static_cast<std::int64_t>(values.size());
  if (!put_attribute(handle_.id(), name, type.id(), type.id(), std::span(&length, 1), pointers.data()))
    refuse("attribute " + name + " of " + std::to_string(length) + " names");
}

void Hdf5Group::mark_whole(const std::string& name, std::span<const std::int64_t> values) {
  const std::int64_t length = static_cast<std::int64_t>(values.size());
  if (!put_attribute(handle_.id(), name, H5T_STD_I64LE, H5T_NATIVE_INT64, std::span(&length, 1), values.data()))
    refuse("attribute " + name);
}

void Hdf5Group::mark_boolean(const std::string& name, int value) {
  // The enumeration h5py takes for a boolean.
  const Hdf5Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  const signed char no = 0, yes = 1, given = value != 0;
  H5Tenum_insert(type.id(), "FALSE", &no);
  H5Tenum_insert(type.id(), "TRUE", &yes);
  if (!put_attribute(handle_.id(), name, type.id(), type.id(), {}, &given)) refuse("attribute " + name);
}

Hdf5Handle Hdf5Group::dataset(const std::string& name, std::int64_t type, std::span<const std::int64_t> shape) {
  const Hdf5Handle options = link_options();
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation.id(), false);
  H5Pset_layout(creation.id(), H5D_CONTIGUOUS);
  H5Pset_alloc_time(creation.id(), H5D_ALLOC_TIME_EARLY);
  // Every element is written once; text must be filled, since libhdf5 reads the old pointer before it puts a new one.
  H5Pset_fill_time(creation.id(), H5Tis_variable_str(type) > 0 ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER);
  const Hdf5Handle space = make_space(shape);
  Hdf5Handle out(H5Dcreate2(handle_.id(), name.c_str(), type, space.id(), options.id(), creation.id(), H5P_DEFAULT), H5Dclose);
  if (!out) refuse(name);
  return out;
}

void Hdf5Group::write_all(const Hdf5Handle& to, std::int64_t type, const void* values, const std::string& name) const {
  const Hdf5Handle space(H5Dget_space(to.id()), H5Sclose);
  if (H5Sget_simple_extent_npoints(space.id()) == 0) return;
  if (H5Dwrite(to.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) refuse(name);
}

Hdf5Array Hdf5Group::array(const std::string& name, Hdf5Element element, std::int64_t length) {
  Hdf5Array out;
  out.element_ = element;
  out.length_ = length;
  out.where_ = path_ + "/" + name;
  out.handle_ = dataset(name, types_of(element).file, std::span(&length, 1));
  return out;
}

Hdf5Handle Hdf5Group::write_text(const std::string& name, std::int64_t length,
                                 const std::function<std::string(std::int64_t)>& value) {
  constexpr std::int64_t kPiece = 65536;  // written at a time: libhdf5 wants a pointer to every text, each with a zero at its end
  const Hdf5Handle type = text_type();
  Hdf5Handle out = dataset(name, type.id(), std::span(&length, 1));
  const Hdf5Handle space(H5Dget_space(out.id()), H5Sclose);
  for (std::int64_t first = 0; first < length; first += kPiece) {
    std::vector<std::string> piece;
    for (std::int64_t i = first; i < std::min(length, first + kPiece); ++i) piece.push_back(value(i));
    const auto start = static_cast<hsize_t>(first), count = static_cast<hsize_t>(piece.size());
    const Hdf5Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0 ||
        H5Dwrite(out.id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, pointers_to(piece).data()) < 0)
      refuse(name);
  }
  return out;
}

void Hdf5Group::text(const std::string& name, const Names& values) {
  text(name, static_cast<std::int64_t>(values.size()), [&](std::int64_t i) { return values.text(i); });
}

void Hdf5Group::text(const std::string& name, std::int64_t n_values, const std::function<std::string(std::int64_t)>& value) {
  if (!put_encoding(write_text(name, n_values, value), "string-array", "0.2.0")) refuse(name);
}

void Hdf5Group::plain_text(const std::string& name, const Names& values) {
  write_text(name, static_cast<std::int64_t>(values.size()), [&](std::int64_t i) { return values.text(i); });
}

void Hdf5Group::scalar_text(const std::string& name, const std::string& value) {
  const Hdf5Handle type = text_type();
  const Hdf5Handle out = dataset(name, type.id(), {});
  const char* pointer = value.c_str();
  write_all(out, type.id(), &pointer, name);
  if (!put_encoding(out, "string", "0.2.0")) refuse(name);
}

void Hdf5Group::numbers(const std::string& name, std::span<const double> values) {
  const std::int64_t length = static_cast<std::int64_t>(values.size());
  const Hdf5Handle out = dataset(name, H5T_IEEE_F64LE, std::span(&length, 1));
  write_all(out, H5T_NATIVE_DOUBLE, values.data(), name);
  if (!put_encoding(out, "array", "0.2.0")) refuse(name);
}

void Hdf5Group::matrix(const std::string& name, std::span<const double> values, std::int64_t n_rows, std::int64_t n_columns) {
  const std::int64_t shape[] = {n_rows, n_columns};
  if (static_cast<std::int64_t>(values.size()) != n_rows * n_columns)
    throw InternalError({.where = path_ + "/" + name,
                         .found = std::to_string(values.size()) + " values",
                         .expected = std::to_string(n_rows) + " × " + std::to_string(n_columns)});
  const Hdf5Handle out = dataset(name, H5T_IEEE_F64LE, shape);
  write_all(out, H5T_NATIVE_DOUBLE, values.data(), name);
  if (!put_encoding(out, "array", "0.2.0")) refuse(name);
}

template <class T>
void Hdf5Group::write_pieces(const std::string& name, Hdf5Element element, std::int64_t n_values, const FillOf<T>& fill) {
  constexpr std::int64_t kPiece = 65536;
  const Hdf5Handle out = dataset(name, types_of(element).file, std::span(&n_values, 1));
  const Hdf5Handle space(H5Dget_space(out.id()), H5Sclose);
  std::vector<T> piece;
  for (std::int64_t first = 0; first < n_values; first += kPiece) {
    piece.resize(static_cast<std::size_t>(std::min(kPiece, n_values - first)));
    fill(first, std::ssize(piece), piece.data());
    const auto start = static_cast<hsize_t>(first), count = static_cast<hsize_t>(piece.size());
    const Hdf5Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0 ||
        H5Dwrite(out.id(), std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT32, memory.id(), space.id(), H5P_DEFAULT,
                 piece.data()) < 0)
      refuse(name);
  }
  if (!put_encoding(out, "array", "0.2.0")) refuse(name);
}

void Hdf5Group::numbers(const std::string& name, std::int64_t n_values, const FillOf<double>& fill) {
  write_pieces(name, Hdf5Element::float64, n_values, fill);
}

void Hdf5Group::codes(const std::string& name, Hdf5Element element, std::int64_t n_values, const FillOf<std::int32_t>& fill) {
  write_pieces(name, element, n_values, fill);
}

}  // namespace cellverdict
