#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/hdf5_text.h>

#include <hdf5.h>

#include <algorithm>
#include <memory>

namespace cellverdict {

namespace {

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

std::string fixed_text(const char* begin, std::size_t width, bool space_padded) {
  std::size_t n = 0;
  if (space_padded) {
    n = width;
    while (n > 0 && (begin[n - 1] == ' ' || begin[n - 1] == '\0')) --n;
  } else {
    while (n < width && begin[n] != '\0') ++n;
  }
  return {begin, n};
}

Hdf5Text read_fixed(const Hdf5TextPlace& place) {
  const std::size_t width = H5Tget_size(place.type), n = static_cast<std::size_t>(place.count);
  if (width == 0 || place.count > place.budget / static_cast<std::int64_t>(width)) return {{}, "more text than the file can hold"};
  std::vector<char> bytes(n * width);
  const herr_t status = place.attribute ? H5Aread(place.from, place.type, bytes.data())
                                        : H5Dread(place.from, place.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  if (status < 0) return {{}, hdf5_reason()};
  const bool padded = H5Tget_strpad(place.type) == H5T_STR_SPACEPAD;
  std::vector<std::string> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) out.push_back(fixed_text(bytes.data() + i * width, width, padded));
  return {std::move(out), std::nullopt};
}

Hdf5Text read_variable(const Hdf5TextPlace& place) {
  const Hdf5Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(memory.id(), H5T_VARIABLE);
  H5Tset_cset(memory.id(), H5Tget_cset(place.type));
  std::vector<char*> pointers(static_cast<std::size_t>(place.count), nullptr);
  std::vector<std::string> out;
  out.reserve(pointers.size());
  const auto take = [&] {
    for (const char* text : pointers) out.emplace_back(text == nullptr ? "" : text);
  };
  if (place.attribute) {  // attributes are small and know no memory manager
    if (H5Aread(place.from, memory.id(), pointers.data()) < 0) return {{}, hdf5_reason()};
    take();
    for (char* text : pointers) H5free_memory(text);
    return {std::move(out), std::nullopt};
  }
  TextArena arena(place.budget);
  const Hdf5Handle transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  H5Pset_vlen_mem_manager(transfer.id(), TextArena::allocate, &arena, TextArena::release, &arena);
  if (H5Dread(place.from, memory.id(), H5S_ALL, H5S_ALL, transfer.id(), pointers.data()) < 0) return {{}, hdf5_reason()};
  take();
  return {std::move(out), std::nullopt};
}

}  // namespace

Hdf5Text read_hdf5_text(const Hdf5TextPlace& place) {
  if (place.count == 0) return {};
  return H5Tis_variable_str(place.type) > 0 ? read_variable(place) : read_fixed(place);
}

}  // namespace cellverdict
