#pragma once
// How a number stands in an HDF5 file, and what it is here. Works on bytes alone.

#include <cstdint>

namespace cellverdict {

// Whole numbers of 1, 2, 4 or 8 bytes, IEEE reals of 2, 4 or 8.
struct Hdf5Number {
  bool real = false;
  int bytes = 0;
  bool is_signed = true;
  bool big_endian = false;
};

// n numbers at `from`, of any alignment, as T (float or std::int32_t). Whole numbers outside T become its nearest end, as libhdf5
// has it; reals are not made whole: InternalError.
template <class T>
void convert_numbers(const Hdf5Number& number, const std::uint8_t* from, std::int64_t n, T* out);

// Whether the bytes in the file are those of T in memory.
template <class T>
bool is_native(const Hdf5Number& number);

}  // namespace cellverdict
