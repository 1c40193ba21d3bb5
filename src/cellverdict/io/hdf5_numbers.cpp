#include <cellverdict/io/hdf5_numbers.h>

#include <cellverdict/base/error.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

namespace cellverdict {

static_assert(std::endian::native == std::endian::little);

namespace {

float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16, exponent = half >> 10 & 31U, fraction = half & 0x3ffU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24F;  // zero and subnormal
  return sign != 0 ? -small : small;
}

template <class Bits>
Bits swapped(Bits bits) {
  if constexpr (sizeof(Bits) == 2) return __builtin_bswap16(bits);
  if constexpr (sizeof(Bits) == 4) return __builtin_bswap32(bits);
  if constexpr (sizeof(Bits) == 8) return __builtin_bswap64(bits);
  return bits;
}

// As libhdf5 converts.
template <class T, class From>
T converted(From value) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(value);
  } else if constexpr (sizeof(From) < sizeof(T) || std::is_same_v<From, T>) {
    return value;
  } else if constexpr (std::is_unsigned_v<From>) {
    return static_cast<T>(std::min<From>(value, std::numeric_limits<T>::max()));
  } else {
    return static_cast<T>(std::clamp<From>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
}

template <class Bits, class Convert, class T>
void convert_each(bool swap, const std::uint8_t* from, std::int64_t n, T* out, Convert convert) {
  const auto load = [&](std::int64_t i) {
    Bits bits;
    std::memcpy(&bits, from + static_cast<std::size_t>(i) * sizeof(Bits), sizeof(Bits));
    return bits;
  };
  if (swap) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = convert(swapped(load(i)));
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = convert(load(i));
  }
}

template <class Bits, class From, class T>
void convert_from(bool swap, const std::uint8_t* from, std::int64_t n, T* out) {
  convert_each<Bits>(swap, from, n, out, [](Bits bits) { return converted<T>(std::bit_cast<From>(bits)); });
}

template <class Unsigned, class T>
void convert_whole(const Hdf5Number& number, const std::uint8_t* from, std::int64_t n, T* out) {
  if (number.is_signed)
    convert_from<Unsigned, std::make_signed_t<Unsigned>>(number.big_endian, from, n, out);
  else
    convert_from<Unsigned, Unsigned>(number.big_endian, from, n, out);
}

template <class T>
void convert_real(const Hdf5Number& number, const std::uint8_t* from, std::int64_t n, T* out) {
  if constexpr (std::is_same_v<T, float>) {
    if (number.bytes == 2) return convert_each<std::uint16_t>(number.big_endian, from, n, out, from_half);
    if (number.bytes == 4) return convert_from<std::uint32_t, float>(number.big_endian, from, n, out);
    return convert_from<std::uint64_t, double>(number.big_endian, from, n, out);
  }
  throw InternalError({.where = "convert_numbers", .found = "reals to be made whole numbers"});
}

}  // namespace

template <class T>
bool is_native(const Hdf5Number& number) {
  return number.bytes == sizeof(T) && number.real == std::is_floating_point_v<T> && number.is_signed && !number.big_endian;
}

template <class T>
void convert_numbers(const Hdf5Number& number, const std::uint8_t* from, std::int64_t n, T* out) {
  if (n == 0) return;
  if (is_native<T>(number)) {
    std::memcpy(out, from, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  if (number.real) return convert_real(number, from, n, out);
  if (number.bytes == 1) return convert_whole<std::uint8_t>(number, from, n, out);
  if (number.bytes == 2) return convert_whole<std::uint16_t>(number, from, n, out);
  if (number.bytes == 4) return convert_whole<std::uint32_t>(number, from, n, out);
  convert_whole<std::uint64_t>(number, from, n, out);
}

template bool is_native<float>(const Hdf5Number&);
template bool is_native<std::int32_t>(const Hdf5Number&);
template void convert_numbers(const Hdf5Number&, const std::uint8_t*, std::int64_t, float*);
template void convert_numbers(const Hdf5Number&, const std::uint8_t*, std::int64_t, std::int32_t*);

}  // namespace cellverdict
