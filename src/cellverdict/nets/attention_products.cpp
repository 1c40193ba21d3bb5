#include <cellverdict/nets/attention_products.h>

#include <algorithm>
#include <cstring>

namespace cellverdict {

namespace {

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_PRODUCTS_X86 1
#endif

// kRows rows with kVectors · kLanes columns: the sums stay in registers.
template <int kLanes, int kVectors, int kRows>
[[gnu::always_inline]] inline void tile(const PanelTimes& p, std::int64_t row, const float* b, float* c) {
  typedef float Vector __attribute__((vector_size(kLanes * 4)));  // NOLINT(modernize-use-using): takes no attribute
  Vector sums[kRows][kVectors] = {};
  const float* a = p.a + row * p.a_row;
  for (std::int64_t f = 0; f < p.steps; ++f, a += p.a_step, b += kPanel) {
    Vector from[kVectors];
    for (int v = 0; v < kVectors; ++v) std::memcpy(&from[v], b + v * kLanes, sizeof(Vector));
    for (int r = 0; r < kRows; ++r) {
      const float x = a[r * p.a_row];
      for (int v = 0; v < kVectors; ++v) sums[r][v] += x * from[v];
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + r * p.c_row + v * kLanes;
      Vector before{};
      if (p.add) std::memcpy(&before, to, sizeof before);
      before += sums[r][v];
      std::memcpy(to, &before, sizeof before);
    }
}

// Inlined into one function per kind of processor below, which is what compiles it for that kind.
template <int kLanes, int kVectors, int kRows>
[[gnu::always_inline]] inline void multiply_with(const PanelTimes& p) {
  for (std::int64_t panel = 0; panel < p.n_panels; ++panel)
    for (std::int64_t column = 0; column < kPanel; column += kVectors * kLanes) {
      const float* b = p.b + panel * p.b_panel + column;
      float* c = p.c + panel * kPanel + column;
      std::int64_t row = 0;
      for (; row + kRows <= p.rows; row += kRows) tile<kLanes, kVectors, kRows>(p, row, b, c + row * p.c_row);
      for (; row < p.rows; ++row) tile<kLanes, kVectors, 1>(p, row, b, c + row * p.c_row);
    }
}

#ifdef CELLVERDICT_PRODUCTS_X86
[[gnu::target("avx512f,fma")]] void multiply_avx512(const PanelTimes& p) {
  multiply_with<16, 2, 8>(p);
}
[[gnu::target("avx2,fma")]] void multiply_avx2(const PanelTimes& p) {
  multiply_with<8, 2, 6>(p);
}
#endif

float* room(Panels& panels, std::int64_t rows, std::int64_t columns) {
  panels.rows = rows;
  panels.columns = columns;
  const auto size = static_cast<std::size_t>(rows * panels.padded());
  if (panels.values.size() < size) panels.values.resize(size);
  return panels.values.data();
}

}  // namespace

void Panels::fill(const float* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns, float factor) {
  float* to = room(*this, n_rows, n_columns);
  for (std::int64_t begin = 0; begin < n_columns; begin += kPanel) {
    const std::int64_t n = std::min(kPanel, n_columns - begin);
    for (std::int64_t r = 0; r < n_rows; ++r, to += kPanel) {
      for (std::int64_t k = 0; k < n; ++k) to[k] = factor * from[r * stride + begin + k];
      std::fill(to + n, to + kPanel, 0.0F);
    }
  }
}

void Panels::fill_transposed(const float* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns) {
  float* to = room(*this, n_columns, n_rows);
  for (std::int64_t begin = 0; begin < n_rows; begin += kPanel, to += n_columns * kPanel) {
    const std::int64_t n = std::min(kPanel, n_rows - begin);
    for (std::int64_t k = 0; k < n; ++k)
      for (std::int64_t f = 0; f < n_columns; ++f) to[f * kPanel + k] = from[(begin + k) * stride + f];
    for (std::int64_t k = n; k < kPanel; ++k)
      for (std::int64_t f = 0; f < n_columns; ++f) to[f * kPanel + k] = 0;
  }
}

void multiply_panels(const PanelTimes& product) {
#ifdef CELLVERDICT_PRODUCTS_X86
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f")) return multiply_avx512(product);
  if (fma && __builtin_cpu_supports("avx2")) return multiply_avx2(product);
#endif
  multiply_with<4, 2, 4>(product);
}

}  // namespace cellverdict
