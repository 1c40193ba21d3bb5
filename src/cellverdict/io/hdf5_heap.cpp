#include <cellverdict/io/hdf5_heap.h>

#include <hdf5.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cellverdict {

namespace {

constexpr std::size_t kMostKept = std::size_t{8} << 20;  // bytes of collections; texts mostly lie in the order they are asked for

std::uint64_t little_endian(std::span<const unsigned char> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

// libhdf5 gives elements as they are stored to whoever says how they become something else: nothing has to be done.
herr_t keep_as_stored(hid_t, hid_t, H5T_cdata_t*, std::size_t, std::size_t, std::size_t, void*, void*, hid_t) {
  return 0;
}

void register_conversion() {
  static const bool done = [] {
    const Hdf5Handle text(H5Tcopy(H5T_C_S1), H5Tclose), stored(H5Tcreate(H5T_OPAQUE, 1), H5Tclose);
    H5Tset_size(text.id(), H5T_VARIABLE);
    return H5Tregister(H5T_PERS_SOFT, "references as stored", text.id(), stored.id(), keep_as_stored) >= 0;
  }();
  static_cast<void>(done);
}

}  // namespace

Hdf5Heap::Hdf5Heap(std::int64_t object) {
  const Hdf5Handle file(H5Iget_file_id(object), H5Fclose);
  const Hdf5Handle access(H5Fget_access_plist(file.id()), H5Pclose), creation(H5Fget_create_plist(file.id()), H5Pclose);
  void* descriptor = nullptr;
  struct stat status{};
  hsize_t base = 0;
  if (H5Pget_driver(access.id()) == H5FD_SEC2 && H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &descriptor) >= 0 &&
      ::fstat(*static_cast<int*>(descriptor), &status) == 0 && H5Pget_userblock(creation.id(), &base) >= 0 &&
      H5Pget_sizes(creation.id(), &address_bytes_, &length_bytes_) >= 0 && address_bytes_ <= 8 && length_bytes_ <= 8) {
    descriptor_ = *static_cast<int*>(descriptor);
    file_bytes_ = static_cast<std::uint64_t>(status.st_size);
    base_ = base;
  }
}

bool Hdf5Heap::read_bytes(std::uint64_t at, std::span<unsigned char> out) const {
  while (!out.empty()) {
    const ssize_t n = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return true;
}

// A collection: "GCOL", version, 3 bytes, length of all; then objects: number (2), uses (2), 4 bytes, length, content in eights.
// The object of number 0 is the room that is left.
std::optional<std::string> Hdf5Heap::load(std::uint64_t address, Collection& collection) const {
  const std::size_t head_bytes = 8 + length_bytes_;
  if (descriptor_ < 0) return "texts in a file that is not read as one";
  if (address > file_bytes_ || base_ > file_bytes_ - address) return "texts beyond the end of the file";
  const std::uint64_t start = base_ + address, room = file_bytes_ - start;
  std::vector<unsigned char> head(head_bytes);
  if (room < head_bytes || !read_bytes(start, head)) return "texts beyond the end of the file";
  const std::uint64_t length = little_endian(std::span(head).subspan(8));
  if (std::memcmp(head.data(), "GCOL", 4) != 0 || head[4] != 1) return "references to texts where there are none";
  if (length < head_bytes || length > room) return "texts beyond the end of the file";
  collection.bytes.resize(length);
  if (!read_bytes(start, collection.bytes)) return "texts beyond the end of the file";
  const std::span<const unsigned char> bytes(collection.bytes);
  for (std::size_t at = head_bytes; at + head_bytes <= bytes.size();) {
    const std::uint64_t number = little_endian(bytes.subspan(at, 2));
    const std::uint64_t size = little_endian(bytes.subspan(at + 8, length_bytes_));
    if (number == 0) break;
    at += head_bytes;
    if (size > bytes.size() - at) return "a text that is longer than the place where it lies";
    collection.objects.emplace(number, std::pair(at, static_cast<std::size_t>(size)));
    at += (static_cast<std::size_t>(size) + 7) / 8 * 8;
  }
  return std::nullopt;
}

Hdf5Heap::Found Hdf5Heap::text_of(std::span<const unsigned char> reference) {
  const std::uint64_t length = little_endian(reference.first(4));
  const std::uint64_t address = little_endian(reference.subspan(4, address_bytes_));
  const std::uint64_t number = little_endian(reference.subspan(4 + address_bytes_, 4));
  if (address == 0 || length == 0) return {};  // never written, or empty
  auto place = kept_.find(address);
  if (place == kept_.end()) {
    Collection collection;
    if (const auto problem = load(address, collection)) return {{}, problem};
    if (kept_bytes_ > kMostKept) {
      kept_.clear();
      kept_bytes_ = 0;
    }
    kept_bytes_ += collection.bytes.size();
    place = kept_.emplace(address, std::move(collection)).first;
  }
  const Collection& collection = place->second;
  const auto object = collection.objects.find(number);
  if (object == collection.objects.end() || object->second.second < length)
    return {{}, "a reference to a text of " + std::to_string(length) + " bytes where there is none"};
  const char* begin = reinterpret_cast<const char*>(collection.bytes.data() + object->second.first);
  return {{begin, ::strnlen(begin, length)}, std::nullopt};
}

Hdf5Handle Hdf5Heap::reference_type() const {
  register_conversion();
  return {H5Tcreate(H5T_OPAQUE, reference_bytes()), H5Tclose};
}

}  // namespace cellverdict
