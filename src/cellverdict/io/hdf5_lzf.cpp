#include <cellverdict/io/hdf5_lzf.h>

#include <hdf5.h>

#include <algorithm>
#include <cstdlib>

namespace cellverdict {

namespace {

constexpr H5Z_filter_t kLzfFilter = 32000;  // registered with The HDF Group by h5py
constexpr std::size_t kLargestChunk = std::size_t{1} << 32;

// What libhdf5 calls. It owns *buffer, made by malloc, and takes another one back; 0 says that the chunk is damaged.
std::size_t apply(unsigned flags, std::size_t n_parameters, const unsigned* parameters, std::size_t n_packed,
                  std::size_t* buffer_size, void** buffer) {
  if ((flags & H5Z_FLAG_REVERSE) == 0) return 0;  // nothing here writes LZF
  // h5py keeps the size of an unpacked chunk as the third parameter; a chunk of another size is damaged.
  const bool known = n_parameters >= 3 && parameters[2] != 0;
  std::size_t room = known ? parameters[2] : *buffer_size;
  for (; room > 0 && room <= kLargestChunk; room *= 2) {
    auto* out = static_cast<std::uint8_t*>(std::malloc(room));
    if (out == nullptr) return 0;
    const std::int64_t n = unpack_lzf({static_cast<const std::uint8_t*>(*buffer), n_packed}, {out, room});
    if (n > 0 && (!known || static_cast<std::size_t>(n) == room)) {
      std::free(*buffer);
      *buffer = out;
      *buffer_size = room;
      return static_cast<std::size_t>(n);
    }
    std::free(out);
    if (known) return 0;
  }
  return 0;
}

}  // namespace

std::int64_t unpack_lzf(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out) {
  std::size_t at = 0, n = 0;
  while (at < packed.size()) {
    const std::size_t control = packed[at++];
    if (control < 32) {  // a run of control + 1 bytes as they are
      const std::size_t length = control + 1;
      if (length > packed.size() - at || length > out.size() - n) return -1;
      std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(at), length, out.begin() + static_cast<std::ptrdiff_t>(n));
      at += length;
      n += length;
      continue;
    }
    // A copy of earlier output: length in the upper three bits (7: one more byte), distance in the lower five and a byte.
    std::size_t length = control >> 5;
    if (length == 7) {
      if (at == packed.size()) return -1;
      length += packed[at++];
    }
    length += 2;
    if (at == packed.size()) return -1;
    const std::size_t distance = ((control & 31) << 8 | packed[at++]) + 1;
    if (distance > n || length > out.size() - n) return -1;
    for (std::size_t end = n + length; n < end; ++n) out[n] = out[n - distance];  // may overlap itself: byte by byte
  }
  return static_cast<std::int64_t>(n);
}

void register_hdf5_lzf() {
  if (H5Zfilter_avail(kLzfFilter) > 0) return;
  static const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, kLzfFilter, 0, 1, "lzf", nullptr, nullptr, apply};
  H5Zregister(&filter);
}

}  // namespace cellverdict
