#pragma once
// The global heap of an HDF5 file: where texts of variable length lie. Read here and not by libhdf5, which makes room for as many
// bytes as the reference says and copies as many as the heap says, so that a damaged file writes over foreign memory
// (tests/fuzz/upstream.md).
// Must never: give a byte that is not in the file, whatever the references and the heap say.

#include <cellverdict/io/hdf5_object.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cellverdict {

class Hdf5Heap {
 public:
  // `object`: an open dataset or attribute of the file.
  explicit Hdf5Heap(std::int64_t object);

  // Bytes of one reference as it is stored: length, address of a collection, number of the object in it.
  std::size_t reference_bytes() const { return 4 + address_bytes_ + 4; }
  // The type to read them as, for H5Dread and H5Aread.
  Hdf5Handle reference_type() const;

  struct Found {
    std::string_view text;               // lives until the next call
    std::optional<std::string> problem;  // what is wrong with the reference or the heap
  };
  Found text_of(std::span<const unsigned char> reference);

 private:
  struct Collection {
    std::vector<unsigned char> bytes;
    std::unordered_map<std::uint64_t, std::pair<std::size_t, std::size_t>> objects;  // number → offset, length
  };
  std::optional<std::string> load(std::uint64_t address, Collection& collection) const;
  bool read_bytes(std::uint64_t at, std::span<unsigned char> out) const;

  int descriptor_ = -1;  // of the open file; libhdf5 closes it
  std::uint64_t file_bytes_ = 0, base_ = 0;
  std::size_t address_bytes_ = 8, length_bytes_ = 8;
  std::size_t kept_bytes_ = 0;
  std::unordered_map<std::uint64_t, Collection> kept_;
};

}  // namespace cellverdict
