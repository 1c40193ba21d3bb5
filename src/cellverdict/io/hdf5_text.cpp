#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/hdf5_text.h>

#include <hdf5.h>

#include <algorithm>
#include <memory>

namespace cellverdict {

namespace {

constexpr std::int64_t kPiece = 65536;  // elements read at a time

// Memory for variable-length strings while libhdf5 unpacks them: given back in one piece, and never more than a budget.
class TextArena {
 public:
  explicit TextArena(std::int64_t budget) : left_(budget) {}
  static void* allocate(std::size_t bytes, void* self) {
    try {
      return static_cast<TextArena*>(self)->take(bytes);
    } catch (...) {
      return nullptr;  // libhdf5 turns this into a failed read
    }
  }
  static void release(void*, void*) {}

 private:
  void* take(std::size_t bytes) {
    const std::size_t rounded = (bytes + 15) / 16 * 16;
    left_ -= static_cast<std::int64_t>(rounded);
    if (left_ < 0) return nullptr;
    if (rounded > room_) {
      room_ = std::max<std::size_t>(rounded, std::size_t{1} << 16);
      blocks_.push_back(std::make_unique<char[]>(room_));
      next_ = blocks_.back().get();
    }
    void* out = next_;
    next_ += rounded;
    room_ -= rounded;
    return out;
  }
  std::int64_t left_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
};

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

// Reads the elements [first, first + count) of the place into `out`, elements of the type `memory`.
bool read_piece(const Hdf5TextPlace& place, std::int64_t memory, std::int64_t first, std::int64_t count, std::int64_t transfer,
                void* out) {
  if (place.attribute) return H5Aread(place.from, memory, out) >= 0;
  if (count == place.count) return H5Dread(place.from, memory, H5S_ALL, H5S_ALL, transfer, out) >= 0;  // scalars too
  const auto start = static_cast<hsize_t>(first), length = static_cast<hsize_t>(count);
  const Hdf5Handle space(H5Dget_space(place.from), H5Sclose), piece(H5Screate_simple(1, &length, nullptr), H5Sclose);
  return H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &length, nullptr) >= 0 &&
         H5Dread(place.from, memory, piece.id(), space.id(), transfer, out) >= 0;
}

Hdf5Text read_fixed(const Hdf5TextPlace& place) {
  const std::size_t width = H5Tget_size(place.type);
  if (width == 0 || place.count > place.budget / static_cast<std::int64_t>(width)) return {{}, "more text than the file can hold"};
  const bool padded = H5Tget_strpad(place.type) == H5T_STR_SPACEPAD;
  const std::int64_t piece = place.attribute ? place.count : std::min(place.count, kPiece);
  std::vector<char> bytes(static_cast<std::size_t>(piece) * width);
  Hdf5Text out;
  for (std::int64_t first = 0; first < place.count; first += piece) {
    const std::int64_t n = std::min(piece, place.count - first);
    if (!read_piece(place, place.type, first, n, H5P_DEFAULT, bytes.data())) return {{}, hdf5_reason()};
    for (std::int64_t i = 0; i < n; ++i)
      out.texts.push_back(fixed_text(bytes.data() + i * static_cast<std::int64_t>(width), width, padded));
  }
  return out;
}

Hdf5Text read_variable(const Hdf5TextPlace& place) {
  const Hdf5Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(memory.id(), H5T_VARIABLE);
  H5Tset_cset(memory.id(), H5Tget_cset(place.type));
  const std::int64_t piece = place.attribute ? place.count : std::min(place.count, kPiece);
  std::vector<char*> pointers(static_cast<std::size_t>(piece), nullptr);
  Hdf5Text out;
  std::int64_t budget = place.budget;
  for (std::int64_t first = 0; first < place.count; first += piece) {
    const std::int64_t n = std::min(piece, place.count - first);
    TextArena arena(budget);
    const Hdf5Handle transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
    H5Pset_vlen_mem_manager(transfer.id(), TextArena::allocate, &arena, TextArena::release, &arena);
    if (!read_piece(place, memory.id(), first, n, transfer.id(), pointers.data())) return {{}, hdf5_reason()};
    for (std::int64_t i = 0; i < n; ++i) {
      const std::string_view text = pointers[i] == nullptr ? "" : pointers[i];
      out.texts.push_back(text);
      budget -= static_cast<std::int64_t>(text.size());
      if (place.attribute) H5free_memory(pointers[i]);  // attributes are small and know no memory manager
    }
  }
  return out;
}

}  // namespace

Hdf5Text read_hdf5_text(const Hdf5TextPlace& place) {
  if (place.count == 0) return {};
  return H5Tis_variable_str(place.type) > 0 ? read_variable(place) : read_fixed(place);
}

}  // namespace cellverdict
