#include <cellverdict/stats/row_products.h>

#include <cellverdict/base/parallel.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace cellverdict {

namespace {

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_X86 1
#endif

// kRows rows with 2 · kLanes rows of the panel: the sums stay in registers.
template <std::size_t kLanes, int kRows>
[[gnu::always_inline]] inline void strip(const PanelProduct& p, std::int64_t row, std::int64_t column) {
  typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));  // NOLINT(modernize-use-using): takes no attribute
  Vector sums[kRows][2] = {};
  const float* from = p.panel + column;
  const float* rows = p.rows + row * p.n_features;
  for (std::int64_t f = 0; f < p.n_features; ++f, from += kPanelRows) {
    Vector a, b;
    std::memcpy(&a, from, sizeof a);
    std::memcpy(&b, from + kLanes, sizeof b);
    for (int r = 0; r < kRows; ++r) {
      const float x = rows[r * p.n_features + f];
      sums[r][0] += x * a;
      sums[r][1] += x * b;
    }
  }
  for (int r = 0; r < kRows; ++r) std::memcpy(p.products + (row + r) * kPanelRows + column, sums[r], sizeof sums[r]);
}

// Inlined into one function per kind of processor below, which is what compiles it for that kind.
template <std::size_t kLanes, int kRows>
[[gnu::always_inline]] inline void multiply_with(const PanelProduct& p) {
  std::int64_t row = 0;
  for (; row + kRows <= p.n_rows; row += kRows)
    for (std::int64_t column = 0; column < kPanelRows; column += 2 * std::int64_t{kLanes}) strip<kLanes, kRows>(p, row, column);
  for (; row < p.n_rows; ++row)
    for (std::int64_t column = 0; column < kPanelRows; column += 2 * std::int64_t{kLanes}) strip<kLanes, 1>(p, row, column);
}

#ifdef CELLVERDICT_X86
[[gnu::target("avx512f,fma")]] void multiply_avx512(const PanelProduct& p) {
  multiply_with<16, 8>(p);
}
[[gnu::target("avx2,fma")]] void multiply_avx2(const PanelProduct& p) {
  multiply_with<8, 6>(p);
}
#endif
void multiply_plain(const PanelProduct& p) {
  multiply_with<4, 4>(p);
}

}  // namespace

RowPanels::RowPanels(std::int64_t n_rows, std::int64_t n_features, int threads,
                     const std::function<void(std::int64_t row, float* out)>& write)
    : n_panels_((n_rows + kPanelRows - 1) / kPanelRows), n_features_(n_features) {
  const std::int64_t size = n_features * kPanelRows;
  values_.reset(static_cast<float*>(::operator new[](
      static_cast<std::size_t>(std::max<std::int64_t>(1, n_panels_ * size)) * sizeof(float), std::align_val_t(64))));
  parallel_for(n_panels_, threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> row(static_cast<std::size_t>(n_features));
    for (std::int64_t p = begin; p < end; ++p) {
      float* const out = values_.get() + p * size;
      std::fill(out, out + size, 0.0F);
      const std::int64_t in_panel = std::min(kPanelRows, n_rows - p * kPanelRows);
      for (std::int64_t j = 0; j < in_panel; ++j) {
        write(p * kPanelRows + j, row.data());
        for (std::int64_t f = 0; f < n_features; ++f) out[f * kPanelRows + j] = row[static_cast<std::size_t>(f)];
      }
    }
  });
}

void multiply_panel(const PanelProduct& product) {
#ifdef CELLVERDICT_X86
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f")) return multiply_avx512(product);
  if (fma && __builtin_cpu_supports("avx2")) return multiply_avx2(product);
#endif
  multiply_plain(product);
}

}  // namespace cellverdict
