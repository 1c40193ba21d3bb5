#pragma once
// Undoes what HDF5 does to a chunk before storing it: deflate, lzf, shuffle and fletcher32, in any order. Works on bytes alone, so
// any number of threads may unpack, each with an unpacker of its own.
// Must never: write past `out` or read past `packed`, whatever the bytes are.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct Hdf5Filter {
  enum class Kind { deflate, lzf, shuffle, fletcher32 };
  Kind kind = Kind::deflate;
  std::size_t element_bytes = 0;  // shuffle
};

class Hdf5Unpacker {
 public:
  Hdf5Unpacker();
  ~Hdf5Unpacker();
  Hdf5Unpacker(Hdf5Unpacker&&) noexcept;
  Hdf5Unpacker& operator=(Hdf5Unpacker&&) = delete;

  // Whether chunks with these filters can be unpacked here: at most one of them compresses, so that every size is known before.
  static bool can_unpack(const std::vector<Hdf5Filter>& filters);

  // Fills `out`, which has the size of a chunk. `filters` in the order of writing; bit i of `skipped` says that filter i was not
  // applied to this chunk. Gives what is wrong with the bytes, or nothing.
  std::optional<std::string> unpack(const std::vector<Hdf5Filter>& filters, std::uint32_t skipped,
                                    std::span<const std::uint8_t> packed, std::span<std::uint8_t> out);

 private:
  struct Deflate;
  std::optional<std::string> expand(Hdf5Filter::Kind kind, std::span<const std::uint8_t> packed, std::span<std::uint8_t> out);

  std::unique_ptr<Deflate> deflate_;
  std::vector<std::uint8_t> first_, second_;  // between two filters
};

}  // namespace cellverdict
