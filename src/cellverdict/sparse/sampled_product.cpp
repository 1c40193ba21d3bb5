#include <cellverdict/sparse/rows_check.h>
#include <cellverdict/sparse/sampled_product.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace cellverdict {

namespace {

// Rows of w that stay in the second-level cache while every cell is swept over them.
constexpr std::int64_t kTileBytes = 512 * 1024;
constexpr int kVectors = 4;  // sums kept in registers: hides the latency of a multiply-add

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_X86 1
#endif

struct Sampled {
  const CsrBlock* x = nullptr;
  const float *g = nullptr, *w = nullptr;
  std::int64_t h = 0, n_genes = 0;
  float* out = nullptr;
};

template <std::size_t kLanes>
[[gnu::always_inline]] inline float dot(const float* a, const float* b, std::int64_t n) {
  typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));  // NOLINT(modernize-use-using): takes no attribute
  Vector sum[kVectors] = {};
  std::int64_t i = 0;
  for (; i + static_cast<std::int64_t>(kLanes) * kVectors <= n; i += kLanes * kVectors)
    for (int v = 0; v < kVectors; ++v) {
      Vector of_a, of_b;
      std::memcpy(&of_a, a + i + v * kLanes, sizeof of_a);
      std::memcpy(&of_b, b + i + v * kLanes, sizeof of_b);
      sum[v] += of_a * of_b;
    }
  const Vector all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  float lanes[kLanes], total = 0;
  std::memcpy(lanes, &all, sizeof lanes);
  for (std::size_t lane = 0; lane < kLanes; ++lane) total += lanes[lane];
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

// The cells [begin, end), a tile of genes at a time.
template <std::size_t kLanes>
[[gnu::always_inline]] inline void sample_with(const Sampled& s, std::int64_t begin, std::int64_t end) {
  const std::int64_t tile = std::max<std::int64_t>(1, kTileBytes / (4 * s.h));
  std::vector<std::int64_t> cursor(s.x->indptr.begin() + begin, s.x->indptr.begin() + end);
  for (std::int64_t first = 0; first < s.n_genes; first += tile)
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t& k = cursor[i - begin];
      for (; k < s.x->indptr[i + 1] && s.x->indices[k] < first + tile; ++k)
        s.out[k] = s.x->values[k] * dot<kLanes>(s.g + i * s.h, s.w + s.x->indices[k] * s.h, s.h);
    }
}

#ifdef CELLVERDICT_X86
[[gnu::target("avx512f,fma")]] void sample_avx512(const Sampled& s, std::int64_t begin, std::int64_t end) {
  sample_with<16>(s, begin, end);
}
[[gnu::target("avx2,fma")]] void sample_avx2(const Sampled& s, std::int64_t begin, std::int64_t end) {
  sample_with<8>(s, begin, end);
}
#endif
void sample_plain(const Sampled& s, std::int64_t begin, std::int64_t end) {
  sample_with<4>(s, begin, end);
}

using Kernel = void (*)(const Sampled&, std::int64_t, std::int64_t);

Kernel best_kernel() {
#ifdef CELLVERDICT_X86
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f")) return sample_avx512;
  if (fma && __builtin_cpu_supports("avx2")) return sample_avx2;
#endif
  return sample_plain;
}

}  // namespace

void sampled_product(const CsrBlock& x, std::span<const float> g, std::span<const float> w, std::int64_t h, std::span<float> out,
                     int threads, DivideWork divide) {
  if (h == 0) return std::fill(out.begin(), out.end(), 0.0F);
  const std::int64_t n_genes = static_cast<std::int64_t>(w.size()) / h;
  check_rows(x, n_genes);
  const Sampled s{.x = &x, .g = g.data(), .w = w.data(), .h = h, .n_genes = n_genes, .out = out.data()};
  const Kernel kernel = best_kernel();
  divide(x.n_rows(), threads, [&](std::int64_t begin, std::int64_t end) { kernel(s, begin, end); });
}

}  // namespace cellverdict
