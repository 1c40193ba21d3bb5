#pragma once
// A numeric vector or matrix in an HDF5 file, read from front to back in ranges of rows by all cores: libhdf5 gives the stored
// bytes in the calling thread, all threads unpack and convert them. What is not understood here is read by libhdf5 itself.
// Must never: unpack a chunk twice when ranges follow one another (the chunk cut at the end of a range is kept for the next; in
// matrices whose chunks are narrower than a row, end ranges where chunks end).

#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/hdf5_storage.h>

#include <cstdint>
#include <initializer_list>
#include <variant>
#include <vector>

namespace cellverdict {

class Hdf5Chunks {
 public:
  // `memory_bytes` bounds how many chunks are unpacked at a time. One chunk is held whole, however large: HDF5 stores no place to
  // begin inside it. Throws InputError when nothing here can read it.
  Hdf5Chunks(Hdf5Object dataset, std::int64_t memory_bytes);

  const Hdf5Object& object() const { return object_; }
  std::int64_t rows() const { return object_.rows(); }
  std::int64_t chunk_rows() const { return storage_.layout == Hdf5Storage::Layout::chunked ? storage_.chunk_rows : 1; }

 private:
  friend class Hdf5Reading;

  Hdf5Object object_;
  Hdf5Storage storage_;
  std::int64_t memory_bytes_, width_;  // numbers in a row
  std::int64_t kept_row_ = -1;         // first row of the chunk kept, -1: none
  std::vector<std::uint8_t> kept_;     // its bytes, unpacked
};

// Rows [first, first + count) of a vector or matrix, as float (reals and whole numbers) or std::int32_t (whole numbers; those
// outside become its nearest end).
struct Hdf5Range {
  Hdf5Chunks* from = nullptr;
  std::int64_t first = 0, count = 0;
  std::variant<float*, std::int32_t*> out;
};

// Reads ranges of different datasets together. Throws InputError naming file, dataset and elements when they cannot be read.
void read_ranges(std::initializer_list<Hdf5Range> ranges, int threads);

}  // namespace cellverdict
