#include <cellverdict/io/hdf5_heap.h>
#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/hdf5_text.h>

#include <hdf5.h>

#include <algorithm>
#include <span>

namespace cellverdict {

namespace {

constexpr std::int64_t kPiece = 65536;  // elements read at a time

std::string_view fixed_text(const char* begin, std::size_t width, bool space_padded) {
  std::size_t n = 0;
  if (space_padded) {
    n = width;
    while (n > 0 && (begin[n - 1] == ' ' || begin[n - 1] == '\0')) --n;
  } else {
    while (n < width && begin[n] != '\0') ++n;
  }
  return {begin, n};
}

// A type of text as it lies in memory: itself, or the one field of a record.
Hdf5Handle in_memory(const Hdf5TextPlace& place, std::int64_t text) {
  if (place.field.empty()) return {H5Tcopy(text), H5Tclose};
  Hdf5Handle record(H5Tcreate(H5T_COMPOUND, H5Tget_size(text)), H5Tclose);
  H5Tinsert(record.id(), place.field.c_str(), 0, text);
  return record;
}

// Reads the elements [first, first + count) of the place into `out`, elements of the type `memory`.
bool read_piece(const Hdf5TextPlace& place, std::int64_t memory, std::int64_t first, std::int64_t count, void* out) {
  if (place.attribute) return H5Aread(place.from, memory, out) >= 0;
  if (count == place.count) return H5Dread(place.from, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;  // scalars too
  const auto start = static_cast<hsize_t>(first), length = static_cast<hsize_t>(count);
  const Hdf5Handle space(H5Dget_space(place.from), H5Sclose), piece(H5Screate_simple(1, &length, nullptr), H5Sclose);
  return H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &length, nullptr) >= 0 &&
         H5Dread(place.from, memory, piece.id(), space.id(), H5P_DEFAULT, out) >= 0;
}

Hdf5Text read_fixed(const Hdf5TextPlace& place) {
  const std::size_t width = H5Tget_size(place.type);
  if (width == 0 || place.count > place.budget / static_cast<std::int64_t>(width)) return {{}, "more text than the file can hold"};
  const bool padded = H5Tget_strpad(place.type) == H5T_STR_SPACEPAD;
  const std::int64_t piece = place.attribute ? place.count : std::min(place.end() - place.first, kPiece);
  std::vector<char> bytes(static_cast<std::size_t>(piece) * width);
  const Hdf5Handle memory = in_memory(place, place.type);
  Hdf5Text out;
  for (std::int64_t first = place.first; first < place.end(); first += piece) {
    const std::int64_t n = std::min(piece, place.end() - first);
    if (!read_piece(place, memory.id(), first, n, bytes.data())) return {{}, hdf5_reason()};
    for (std::int64_t i = 0; i < n; ++i)
      out.texts.push_back(fixed_text(bytes.data() + i * static_cast<std::int64_t>(width), width, padded));
  }
  return out;
}

Hdf5Text read_variable(const Hdf5TextPlace& place) {
  Hdf5Heap heap(place.from);
  const Hdf5Handle stored = in_memory(place, heap.reference_type().id());
  const std::size_t width = heap.reference_bytes();
  const std::int64_t piece = place.attribute ? place.count : std::min(place.end() - place.first, kPiece);
  std::vector<unsigned char> references(static_cast<std::size_t>(piece) * width);
  Hdf5Text out;
  std::int64_t budget = place.budget;
  for (std::int64_t first = place.first; first < place.end(); first += piece) {
    const std::int64_t n = std::min(piece, place.end() - first);
    if (!read_piece(place, stored.id(), first, n, references.data())) return {{}, hdf5_reason()};
    for (std::int64_t i = 0; i < n; ++i) {
      const auto found = heap.text_of(std::span(references).subspan(static_cast<std::size_t>(i) * width, width));
      if (found.problem) return {{}, found.problem};
      budget -= static_cast<std::int64_t>(found.text.size());
      if (budget < 0) return {{}, "more text than the file can hold"};
      out.texts.push_back(found.text);
    }
  }
  return out;
}

}  // namespace

Hdf5Text read_hdf5_text(const Hdf5TextPlace& place) {
  if (place.end() <= place.first) return {};
  return H5Tis_variable_str(place.type) > 0 ? read_variable(place) : read_fixed(place);
}

}  // namespace cellverdict
