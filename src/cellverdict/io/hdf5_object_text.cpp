// Texts and booleans of a dataset, whole or in part.

#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/hdf5_text.h>
#include <cellverdict/io/utf8.h>

#include <hdf5.h>

#include <algorithm>

namespace cellverdict {

std::vector<char> Hdf5Object::read_booleans() const {
  return read_booleans(0, rows());
}

void Hdf5Object::check_piece(std::int64_t first, std::int64_t count) const {
  if (shape_.size() != 1 || first < 0 || count < 0 || first > rows() || count > rows() - first)
    refuse("too few values", std::to_string(first + count));
}

std::vector<char> Hdf5Object::read_booleans(std::int64_t first, std::int64_t count) const {
  if (group_ || shape_.size() != 1 || element_bytes_ != 1 || (kind_ != Hdf5Kind::boolean && kind_ != Hdf5Kind::whole))
    refuse("values that are not true or false", "a vector of booleans");
  check_piece(first, count);
  const Hdf5Handle type = in_memory(element_type().id());
  const auto start = static_cast<hsize_t>(first), length = static_cast<hsize_t>(count);
  const Hdf5Handle space(H5Dget_space(handle_.id()), H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose);
  std::vector<char> out(static_cast<std::size_t>(count));
  if (!out.empty() && (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &length, nullptr) < 0 ||
                       H5Dread(handle_.id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, out.data()) < 0))
    refuse("values that cannot be read (" + hdf5_reason() + ")");
  for (char& value : out) value = value != 0;
  return out;
}

Names Hdf5Object::read_text() const {
  const bool is_column = shape_.size() <= 1 || std::all_of(shape_.begin() + 1, shape_.end(), [](auto n) { return n == 1; });
  if (group_ || kind_ != Hdf5Kind::text || !is_column) refuse("values that are not text", "a vector of text");
  const Hdf5Handle type = element_type();
  return read_text_of({.from = handle_.id(), .type = type.id(), .count = shape_.empty() ? 1 : rows(), .field = field_});
}

Names Hdf5Object::read_text(std::int64_t first, std::int64_t count) const {
  if (group_ || kind_ != Hdf5Kind::text) refuse("values that are not text", "a vector of text");
  check_piece(first, count);
  const Hdf5Handle type = element_type();
  return read_text_of(
      {.from = handle_.id(), .type = type.id(), .count = rows(), .field = field_, .first = first, .n_wanted = count});
}

Names Hdf5Object::read_text_of(const Hdf5TextPlace& given) const {
  Hdf5TextPlace place = given;
  place.budget = text_budget();
  Hdf5Text text = read_hdf5_text(place);
  if (text.problem)
    refuse("text that cannot be read (" + *text.problem + ")", "", "the file is damaged or needs a missing HDF5 filter");
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(text.texts.size()); ++i)
    if (const auto at = first_foreign_byte(text.texts[i]))
      refuse(foreign_text(text.texts[i], *at) + (place.count > 1 ? " at place " + std::to_string(place.first + i) : ""), "UTF-8",
             "write the file again with this text as UTF-8");
  return std::move(text.texts);
}

}  // namespace cellverdict
