#include <cellverdict/nets/attention_rows.h>

#include <cellverdict/base/random.h>

#include <cmath>
#include <cstring>

namespace cellverdict {

namespace {

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_ROWS_X86 1
#endif

// Vectors of so many numbers.
template <int kLanes>
struct VectorsOf;
#define CELLVERDICT_VECTORS(LANES)                                        \
  template <>                                                             \
  struct VectorsOf<LANES> {                                               \
    typedef float Floats __attribute__((vector_size(LANES * 4)));         \
    typedef std::int32_t Ints __attribute__((vector_size(LANES * 4)));    \
    typedef std::uint16_t Lots __attribute__((vector_size(LANES * 2)));   \
    typedef std::uint64_t Hashes __attribute__((vector_size(LANES * 4))); \
  };
CELLVERDICT_VECTORS(4)
CELLVERDICT_VECTORS(8)
CELLVERDICT_VECTORS(16)
#undef CELLVERDICT_VECTORS

// All of this is inlined into one function per kind of processor below, which is what compiles it for that kind. Vectors are handed
// on by reference: by value they would be passed differently by each of these.
template <int kLanes>
struct Lanes {
  using Floats = typename VectorsOf<kLanes>::Floats;
  using Ints = typename VectorsOf<kLanes>::Ints;
  using Lots = typename VectorsOf<kLanes>::Lots;
  using Hashes = typename VectorsOf<kLanes>::Hashes;
  static constexpr std::int64_t kBlock = 512;  // lots drawn at once

  // x becomes e^x by Cephes' expf, its reduction and its polynomial; next to nothing far below. What is not a number stays one.
  [[gnu::always_inline]] static void exponent(Floats& x) {
    const Floats low = Floats{} - 87.0F, rounder = Floats{} + 12582912.0F;
    const Floats y = x < low ? low : x;
    const Floats n = (y * 1.44269504088896341F + rounder) - rounder;
    const Floats r = (y - n * 0.693359375F) + n * 2.12194440e-4F;
    Floats p = r * 1.9875691500e-4F + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    const Ints power = (__builtin_convertvector(n, Ints) + 127) << 23;
    Floats of_power;
    std::memcpy(&of_power, &power, sizeof power);
    x = p * of_power;
  }

  // Lots of the columns [first, first + n), n up to kBlock.
  [[gnu::always_inline]] static void draw(std::uint64_t key, std::int64_t first, std::int64_t n, std::uint16_t* lots) {
    constexpr int kHashes = kLanes / 2;
    Hashes counter;
    for (int k = 0; k < kHashes; ++k) counter[k] = key + static_cast<std::uint64_t>(first / 4 + k);
    for (std::int64_t j = 0; j < n; j += 4 * kHashes) {
      Hashes x = counter + 0x9e3779b97f4a7c15ULL;  // mix_bits
      x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
      x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
      x = x ^ (x >> 31);
      std::memcpy(lots + j, &x, sizeof x);
      counter += static_cast<std::uint64_t>(kHashes);
    }
  }

  // x stays where its lot is not below the threshold, and is 0 elsewhere.
  [[gnu::always_inline]] static void keep(Floats& x, const std::uint16_t* lots, std::int32_t threshold) {
    Lots drawn;
    std::memcpy(&drawn, lots, sizeof drawn);
    Ints bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits &= __builtin_convertvector(drawn, Ints) >= threshold;
    std::memcpy(&x, &bits, sizeof bits);
  }
};

template <int kLanes>
[[gnu::always_inline]] inline RowSum exponents(float* scores, std::int64_t n, const RowLots& lots) {
  using L = Lanes<kLanes>;
  const std::int64_t whole = (n + kLanes - 1) / kLanes * kLanes;
  for (std::int64_t j = n; j < whole; ++j) scores[j] = -3e38F;
  typename L::Floats most, sums{}, x;
  std::memcpy(&most, scores, sizeof most);
  for (std::int64_t j = kLanes; j < whole; j += kLanes) {
    std::memcpy(&x, scores + j, sizeof x);
    most = x < most ? most : x;
  }
  float largest = most[0];
  for (int k = 1; k < kLanes; ++k) largest = most[k] < largest ? largest : most[k];
  const auto threshold = static_cast<std::int32_t>(lots.threshold);
  alignas(64) std::uint16_t drawn[L::kBlock + 32];
  for (std::int64_t begin = 0; begin < whole; begin += L::kBlock) {
    const std::int64_t end = begin + L::kBlock < whole ? begin + L::kBlock : whole;
    if (threshold > 0) L::draw(lots.key, begin, end - begin, drawn);
    for (std::int64_t j = begin; j < end; j += kLanes) {
      std::memcpy(&x, scores + j, sizeof x);
      x -= largest;
      L::exponent(x);
      sums += x;
      if (threshold > 0) L::keep(x, drawn + (j - begin), threshold);
      std::memcpy(scores + j, &x, sizeof x);
    }
  }
  float sum = 0;
  for (int k = 0; k < kLanes; ++k) sum += sums[k];
  return {.sum = sum, .log_sum = largest + std::log(sum)};
}

template <int kLanes>
[[gnu::always_inline]] inline void gradients(float* scores, float* of_shares, std::int64_t first, std::int64_t n,
                                             const RowGradient& row, const RowLots& lots) {
  using L = Lanes<kLanes>;
  const float scale = lots.scale();
  const auto threshold = static_cast<std::int32_t>(lots.threshold);
  typename L::Floats share, back;
  alignas(64) std::uint16_t drawn[L::kBlock + 32];
  for (std::int64_t begin = 0; begin < n; begin += L::kBlock) {
    const std::int64_t end = begin + L::kBlock < n ? begin + L::kBlock : n;
    if (threshold > 0) L::draw(lots.key, first + begin, end - begin, drawn);
    for (std::int64_t j = begin; j < end; j += kLanes) {
      std::memcpy(&share, scores + j, sizeof share);
      std::memcpy(&back, of_shares + j, sizeof back);
      share -= row.log_sum;
      L::exponent(share);
      typename L::Floats dropped = share * scale;
      back *= scale;
      if (threshold > 0) {
        L::keep(dropped, drawn + (j - begin), threshold);
        L::keep(back, drawn + (j - begin), threshold);
      }
      back = share * (back - row.towards);
      std::memcpy(scores + j, &dropped, sizeof dropped);
      std::memcpy(of_shares + j, &back, sizeof back);
    }
  }
}

#ifdef CELLVERDICT_ROWS_X86
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,fma")]] RowSum exponents_avx512(float* s, std::int64_t n, const RowLots& lots) {
  return exponents<16>(s, n, lots);
}
[[gnu::target("avx2,fma")]] RowSum exponents_avx2(float* s, std::int64_t n, const RowLots& lots) {
  return exponents<8>(s, n, lots);
}
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,fma")]] void gradients_avx512(float* s, float* g, std::int64_t first,
                                                                                std::int64_t n, const RowGradient& row,
                                                                                const RowLots& lots) {
  gradients<16>(s, g, first, n, row, lots);
}
[[gnu::target("avx2,fma")]] void gradients_avx2(float* s, float* g, std::int64_t first, std::int64_t n, const RowGradient& row,
                                                const RowLots& lots) {
  gradients<8>(s, g, first, n, row, lots);
}
bool has_avx512() {
  return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx2() {
  return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
}
#endif

}  // namespace

std::uint32_t lot_threshold(double probability) {
  return probability <= 0 ? 0 : static_cast<std::uint32_t>(probability * 65536.0);
}

RowLots row_lots(std::uint64_t key, std::uint32_t threshold, std::int64_t token, std::int64_t heads, std::int64_t head) {
  return {.key = mix_bits(key + static_cast<std::uint64_t>(token * heads + head)), .threshold = threshold};
}

bool row_keeps(const RowLots& lots, std::int64_t column) {
  const std::uint64_t bits = mix_bits(lots.key + static_cast<std::uint64_t>(column / 4));
  return static_cast<std::uint16_t>(bits >> (16 * (column % 4))) >= lots.threshold;
}

RowSum exponents_of_row(float* scores, std::int64_t n, const RowLots& lots) {
#ifdef CELLVERDICT_ROWS_X86
  if (has_avx512()) return exponents_avx512(scores, n, lots);
  if (has_avx2()) return exponents_avx2(scores, n, lots);
#endif
  return exponents<4>(scores, n, lots);
}

void gradients_of_row(float* scores, float* of_shares, std::int64_t first, std::int64_t n, const RowGradient& row,
                      const RowLots& lots) {
#ifdef CELLVERDICT_ROWS_X86
  if (has_avx512()) return gradients_avx512(scores, of_shares, first, n, row, lots);
  if (has_avx2()) return gradients_avx2(scores, of_shares, first, n, row, lots);
#endif
  gradients<4>(scores, of_shares, first, n, row, lots);
}

}  // namespace cellverdict
