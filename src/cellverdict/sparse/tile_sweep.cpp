#include <cellverdict/sparse/tile_sweep.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>

namespace cellverdict {

// The rows [row_begin, row_end) of x over one packed tile: rows [tile_begin, tile_end) of `dense`, columns [column, column +
// width).
struct Sweep {
  const SparseRows* x = nullptr;
  std::int64_t row_begin = 0, row_end = 0;
  std::int64_t tile_begin = 0, tile_end = 0;
  const float* tile = nullptr;     // [tile_end - tile_begin, strip], 64-byte aligned, zero beyond width
  std::int64_t* cursor = nullptr;  // [row_end - row_begin] next entry of each row; moved past this tile
  float* out = nullptr;            // [n_rows, h]
  std::int64_t h = 0, column = 0, width = 0;
};

namespace {

// Half of a second-level cache of 1 MiB. Measured there, 2,048 × 20,000 at 6 % → 512: 256 to 768 KiB are alike within the noise
// (0.08 to 0.11 s of CPU time), 128 KiB take 0.12 to 0.13 s, 64 KiB 0.14 to 0.16 s.
constexpr std::int64_t kTileBytes = 512 * 1024;
constexpr std::size_t kAlignment = 64;
// Sums kept in registers. Eight hide the latency of a multiply-add; more would spill where there are sixteen registers. Where there
// are thirty-two, sixteen: half as many indices are read and a row of the tile is longer (8,192 × 28,231 at 5 % → 1,024: 0.48 s
// against 0.53, the gradient 0.64 against 0.71).
constexpr int kVectors = 8;
constexpr int kVectorsOf32 = 16;

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_X86 1
#endif

// Inlined into one function per kind of processor below, which is what compiles it for that kind.
template <std::size_t kLanes, int kVectors>
[[gnu::always_inline]] inline void sweep_with(const Sweep& s) {
  typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));  // NOLINT(modernize-use-using): takes no attribute
  constexpr std::int64_t kStrip = kLanes * kVectors;
  const std::int32_t* columns = s.x->columns.data();
  const float* values = s.x->values.data();
  const bool first = s.tile_begin == 0, whole = s.width == kStrip;
  const auto bytes = static_cast<std::size_t>(s.width) * sizeof(float);
  alignas(kAlignment) float edge[kStrip] = {};  // of a strip that reaches over the last column
  for (std::int64_t i = s.row_begin; i < s.row_end; ++i) {
    std::int64_t k = s.cursor[i - s.row_begin];
    const std::int64_t end = s.x->indptr[i + 1];
    if (!first && (k == end || columns[k] >= s.tile_end)) continue;
    float* row = s.out + i * s.h + s.column;
    if (!whole && !first) std::memcpy(edge, row, bytes);
    float* place = whole ? row : edge;
    Vector sum[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = Vector{};
      if (!first) std::memcpy(&sum[v], place + v * kLanes, sizeof(Vector));
    }
    for (; k < end && columns[k] < s.tile_end; ++k) {
      const float value = values[k];
      const float* weights = s.tile + (columns[k] - s.tile_begin) * kStrip;
      for (int v = 0; v < kVectors; ++v) {
        Vector w;
        std::memcpy(&w, weights + v * kLanes, sizeof w);
        sum[v] += value * w;
      }
    }
    for (int v = 0; v < kVectors; ++v) std::memcpy(place + v * kLanes, &sum[v], sizeof(Vector));
    if (!whole) std::memcpy(row, edge, bytes);
    s.cursor[i - s.row_begin] = k;
  }
}

#ifdef CELLVERDICT_X86
[[gnu::target("avx512f,fma")]] void sweep_avx512(const Sweep& s) {
  sweep_with<16, kVectorsOf32>(s);
}
[[gnu::target("avx2,fma")]] void sweep_avx2(const Sweep& s) {
  sweep_with<8, kVectors>(s);
}
#endif
void sweep_plain(const Sweep& s) {
  sweep_with<4, kVectors>(s);
}

struct FreeAligned {
  void operator()(float* p) const { ::operator delete[](p, std::align_val_t(kAlignment)); }
};

std::unique_ptr<float[], FreeAligned> aligned_floats(std::int64_t n) {
  return std::unique_ptr<float[], FreeAligned>(
      static_cast<float*>(::operator new[](static_cast<std::size_t>(n) * sizeof(float), std::align_val_t(kAlignment))));
}

void pack(const float* dense, const Sweep& s, std::int64_t strip, float* tile) {
  for (std::int64_t c = s.tile_begin; c < s.tile_end; ++c, tile += strip) {
    std::memcpy(tile, dense + c * s.h + s.column, static_cast<std::size_t>(s.width) * sizeof(float));
    std::fill(tile + s.width, tile + strip, 0.0F);
  }
}

}  // namespace

std::vector<SweepKernel> sweep_kernels() {
  std::vector<SweepKernel> kernels;
#ifdef CELLVERDICT_X86
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f")) kernels.push_back({"avx512", 16 * kVectorsOf32, sweep_avx512});
  if (fma && __builtin_cpu_supports("avx2")) kernels.push_back({"avx2", 8 * kVectors, sweep_avx2});
#endif
  kernels.push_back({"plain", 4 * kVectors, sweep_plain});
  return kernels;
}

void sparse_times_dense(const SweepKernel& kernel, const SparseRows& x, std::span<const float> dense, std::int64_t h,
                        std::span<float> out, int threads, DivideWork divide) {
  if (h == 0 || x.n_rows() == 0) return;
  const std::int64_t n_columns = static_cast<std::int64_t>(dense.size()) / h, n_strips = (h + kernel.strip - 1) / kernel.strip;
  const std::int64_t tile_columns =
      std::clamp<std::int64_t>(kTileBytes / (kernel.strip * 4), 1, std::max<std::int64_t>(n_columns, 1));
  // Threads share the strips, and also the rows where the strips cannot be dealt out evenly: each share of rows packs tiles of its
  // own.
  const std::int64_t wanted = std::max(threads, 1);
  const std::int64_t row_parts = std::min(x.n_rows(), wanted / std::gcd(wanted, n_strips));
  divide(n_strips * row_parts, threads, [&](std::int64_t begin, std::int64_t end) {
    const auto tile = aligned_floats(tile_columns * kernel.strip);
    std::vector<std::int64_t> cursor;
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t strip = part / row_parts, rows = part % row_parts;
      Sweep s{.x = &x, .tile = tile.get(), .out = out.data(), .h = h};
      s.row_begin = x.n_rows() * rows / row_parts, s.row_end = x.n_rows() * (rows + 1) / row_parts;
      s.column = strip * kernel.strip, s.width = std::min(kernel.strip, h - s.column);
      cursor.assign(x.indptr.begin() + s.row_begin, x.indptr.begin() + s.row_end);
      s.cursor = cursor.data();
      do {  // at least once: without a column the result is zero
        s.tile_end = std::min(s.tile_begin + tile_columns, n_columns);
        pack(dense.data(), s, kernel.strip, tile.get());
        kernel.run(s);
        s.tile_begin = s.tile_end;
      } while (s.tile_begin < n_columns);
    }
  });
}

}  // namespace cellverdict
