// Records of an HDF5 file and references in it, as anndata before 0.8 wrote annotations: a field of a compound dataset becomes an
// object like any other, so that whoever reads columns need not know. The size of the records is checked where the dataset is
// opened; a field is a part of them.

#include <cellverdict/io/hdf5_object.h>

#include <hdf5.h>

namespace cellverdict {

std::vector<std::string> Hdf5Object::fields() const {
  std::vector<std::string> names;
  if (group_ || kind_ != Hdf5Kind::compound) return names;
  const Hdf5Handle type(H5Dget_type(handle_.id()), H5Tclose);
  const int n = H5Tget_nmembers(type.id());
  for (int i = 0; i < n; ++i) {
    char* name = H5Tget_member_name(type.id(), static_cast<unsigned>(i));
    if (name == nullptr) continue;
    names.emplace_back(name);
    H5free_memory(name);
  }
  return names;
}

Hdf5Object Hdf5Object::field(const std::string& name) const {
  const Hdf5Handle record(group_ ? -1 : H5Dget_type(handle_.id()), H5Tclose);
  const int place = kind_ == Hdf5Kind::compound ? H5Tget_member_index(record.id(), name.c_str()) : -1;
  if (place < 0) refuse("no field " + name, "the table to hold it", "the file is incomplete or not an AnnData file");
  H5Iinc_ref(handle_.id());
  Hdf5Object out(file_, Hdf5Handle(handle_.id(), H5Oclose), inner_, 0);
  out.inner_ += "/" + name;
  out.field_ = name;
  Hdf5Handle type(H5Tget_member_type(record.id(), static_cast<unsigned>(place)), H5Tclose);
  if (H5Tget_class(type.id()) == H5T_ARRAY && H5Tget_array_ndims(type.id()) == 1) {  // an embedding
    hsize_t length = 0;
    H5Tget_array_dims2(type.id(), &length);
    out.shape_.push_back(static_cast<std::int64_t>(length));
    type = Hdf5Handle(H5Tget_super(type.id()), H5Tclose);
  }
  out.describe_type(type.id());
  return out;
}

Hdf5Handle Hdf5Object::element_type() const {
  Hdf5Handle type(H5Dget_type(handle_.id()), H5Tclose);
  if (field_.empty()) return type;
  const int place = H5Tget_member_index(type.id(), field_.c_str());
  return {H5Tget_member_type(type.id(), static_cast<unsigned>(place)), H5Tclose};
}

Hdf5Handle Hdf5Object::in_memory(std::int64_t type) const {
  Hdf5Handle element(H5Tcopy(type), H5Tclose);
  if (field_.empty()) return element;
  if (shape_.size() == 2) {
    const auto length = static_cast<hsize_t>(shape_[1]);
    element = Hdf5Handle(H5Tarray_create2(type, 1, &length), H5Tclose);
  }
  Hdf5Handle record(H5Tcreate(H5T_COMPOUND, H5Tget_size(element.id())), H5Tclose);
  H5Tinsert(record.id(), field_.c_str(), 0, element.id());
  return record;
}

Hdf5Object Hdf5Object::root() const {
  const Hdf5Handle file(H5Iget_file_id(handle_.id()), H5Fclose);
  return Hdf5Object(file_, Hdf5Handle(H5Oopen(file.id(), "/", H5P_DEFAULT), H5Oclose), "", 0);
}

std::optional<Hdf5Object> Hdf5Object::referenced(const std::string& name) const {
  const Hdf5Handle attribute = open_attribute(name);
  if (!attribute) return std::nullopt;
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose), space(H5Aget_space(attribute.id()), H5Sclose);
  hobj_ref_t reference = 0;
  if (H5Tequal(type.id(), H5T_STD_REF_OBJ) <= 0 || H5Sget_simple_extent_npoints(space.id()) != 1 ||
      H5Aread(attribute.id(), H5T_STD_REF_OBJ, &reference) < 0)
    return std::nullopt;
  Hdf5Handle handle(H5Rdereference2(handle_.id(), H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
  const H5I_type_t what = handle ? H5Iget_type(handle.id()) : H5I_BADID;
  if (what != H5I_DATASET && what != H5I_GROUP) return std::nullopt;
  const ssize_t length = H5Iget_name(handle.id(), nullptr, 0);
  std::string path(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
  if (length > 0) H5Iget_name(handle.id(), path.data(), path.size() + 1);
  return Hdf5Object(file_, std::move(handle), path.starts_with('/') ? path.substr(1) : inner_ + " " + name, 0);
}

}  // namespace cellverdict
