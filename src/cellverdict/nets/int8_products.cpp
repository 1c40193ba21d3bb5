#include <cellverdict/nets/int8_products.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_INT8_X86 1
#include <immintrin.h>
#endif

namespace cellverdict {

namespace {

constexpr std::int64_t kOutputs = 32, kInputs = 4, kRowsAtOnce = 8;

// A row of the input: x is about scale · u + least, u of 8 bits.
struct InputRow {
  float scale = 0, least = 0;
};

InputRow round_input(const float* x, std::int64_t n, std::uint8_t* out) {
  float least = x[0], most = x[0], off = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    least = x[i] < least ? x[i] : least;
    most = x[i] > most ? x[i] : most;
    off += x[i] - x[i];  // 0, unless something is no number
  }
  InputRow row{.scale = (most - least) / 255, .least = least};
  const float factor = row.scale > 0 && std::isfinite(row.scale) ? 1 / row.scale : 0;
  if (!(off == 0)) row.scale = std::numeric_limits<float>::quiet_NaN();
  // Half up, by cutting off: the loop becomes vector code.
  if (off == 0)
    for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(std::min(255.0F, (x[i] - least) * factor + 0.5F));
  return row;
}

// sums[r][c] = Σ a[r, f] · panel[f, c]: a [rows][steps · 4], a panel of 32 outputs.
struct PanelSums {
  const std::uint8_t* a;
  std::int64_t a_row, rows, steps;
  const std::int8_t* panel;
  std::int32_t* sums;  // [rows][32]
};

[[gnu::always_inline]] inline void sum_plain(const PanelSums& p) {
  for (std::int64_t r = 0; r < p.rows; ++r) {
    std::int32_t sums[kOutputs] = {};
    const std::uint8_t* a = p.a + r * p.a_row;
    const std::int8_t* w = p.panel;
    for (std::int64_t s = 0; s < p.steps; ++s, a += kInputs, w += kOutputs * kInputs)
      for (std::int64_t c = 0; c < kOutputs; ++c)
        for (std::int64_t k = 0; k < kInputs; ++k) sums[c] += static_cast<std::int32_t>(a[k]) * w[c * kInputs + k];
    std::memcpy(p.sums + r * kOutputs, sums, sizeof sums);
  }
}

#ifdef CELLVERDICT_INT8_X86
[[gnu::target("avx2")]] void sum_avx2(const PanelSums& p) {
  sum_plain(p);
}

template <int kRows>
[[gnu::target("avx512f,avx512bw,avx512vnni")]] void sum_rows_vnni(const PanelSums& p, std::int64_t row) {
  __m512i sums[kRows][2];
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_si512();
  const std::uint8_t* a = p.a + row * p.a_row;
  const std::int8_t* w = p.panel;
  for (std::int64_t s = 0; s < p.steps; ++s, a += kInputs, w += kOutputs * kInputs) {
    const __m512i left = _mm512_loadu_si512(w), right = _mm512_loadu_si512(w + 64);
    for (int r = 0; r < kRows; ++r) {
      std::int32_t four;
      std::memcpy(&four, a + r * p.a_row, sizeof four);
      const __m512i x = _mm512_set1_epi32(four);
      sums[r][0] = _mm512_dpbusd_epi32(sums[r][0], x, left);
      sums[r][1] = _mm512_dpbusd_epi32(sums[r][1], x, right);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    _mm512_storeu_si512(p.sums + (row + r) * kOutputs, sums[r][0]);
    _mm512_storeu_si512(p.sums + (row + r) * kOutputs + 16, sums[r][1]);
  }
}
[[gnu::target("avx512f,avx512bw,avx512vnni")]] void sum_vnni(const PanelSums& p) {
  std::int64_t row = 0;
  for (; row + kRowsAtOnce <= p.rows; row += kRowsAtOnce) sum_rows_vnni<kRowsAtOnce>(p, row);
  for (; row < p.rows; ++row) sum_rows_vnni<1>(p, row);
}
#endif

void sum_panel(const PanelSums& p) {
#ifdef CELLVERDICT_INT8_X86
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw")) return sum_vnni(p);
  if (__builtin_cpu_supports("avx2")) return sum_avx2(p);
#endif
  sum_plain(p);
}

}  // namespace

Int8Rows round_rows(const float* values, std::int64_t rows, std::int64_t columns) {
  Int8Rows out{.rows = rows, .columns = columns};
  out.values.resize(static_cast<std::size_t>(rows * columns));
  out.scales.resize(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* row = values + r * columns;
    float most = 0;
    for (std::int64_t c = 0; c < columns; ++c) most = std::max(most, std::abs(row[c]));
    const float scale = out.scales[static_cast<std::size_t>(r)] = most / 127;
    for (std::int64_t c = 0; c < columns && scale > 0; ++c)
      out.values[static_cast<std::size_t>(r * columns + c)] =
          static_cast<std::int8_t>(std::clamp(std::nearbyint(row[c] / scale), -127.0F, 127.0F));
  }
  return out;
}

Int8Linear::Int8Linear(const Int8Rows& weights, std::vector<float> bias)
    : in_(weights.columns), out_(weights.rows), steps_((weights.columns + kInputs - 1) / kInputs), bias_(std::move(bias)) {
  const std::int64_t n_panels = (out_ + kOutputs - 1) / kOutputs;
  panels_.assign(static_cast<std::size_t>(n_panels * steps_ * kOutputs * kInputs), 0);
  for (auto* list : {&scales_, &sums_, &bias_}) list->resize(static_cast<std::size_t>(n_panels * kOutputs), 0);
  for (std::int64_t o = 0; o < out_; ++o) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < in_; ++i) {
      const std::int8_t q = weights.values[static_cast<std::size_t>(o * in_ + i)];
      panels_[static_cast<std::size_t>((((o / kOutputs) * steps_ + i / kInputs) * kOutputs + o % kOutputs) * kInputs +
                                       i % kInputs)] = q;
      sum += q;
    }
    const auto place = static_cast<std::size_t>(o);
    scales_[place] = weights.scales[place];
    sums_[place] = weights.scales[place] * static_cast<float>(sum);
  }
}

void Int8Linear::multiply(const float* x, std::int64_t rows, float* y) const {
  constexpr std::int64_t kBlock = 64;
  const std::int64_t a_row = steps_ * kInputs;
  std::vector<std::uint8_t> rounded(static_cast<std::size_t>(kBlock * a_row), 0);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(kBlock * kOutputs));
  InputRow scales[kBlock];
  for (std::int64_t begin = 0; begin < rows; begin += kBlock) {
    const std::int64_t n = std::min(kBlock, rows - begin);
    for (std::int64_t r = 0; r < n; ++r) scales[r] = round_input(x + (begin + r) * in_, in_, rounded.data() + r * a_row);
    for (std::int64_t column = 0; column < out_; column += kOutputs) {
      sum_panel({rounded.data(), a_row, n, steps_, panels_.data() + column * a_row, sums.data()});
      const std::int64_t n_columns = std::min(kOutputs, out_ - column);
      const float *scale = scales_.data() + column, *sum = sums_.data() + column, *bias = bias_.data() + column;
      for (std::int64_t r = 0; r < n; ++r) {
        float* to = y + (begin + r) * out_ + column;
        const std::int32_t* from = sums.data() + r * kOutputs;
        const InputRow row = scales[r];
        for (std::int64_t c = 0; c < n_columns; ++c)
          to[c] = bias[c] + row.least * sum[c] + row.scale * scale[c] * static_cast<float>(from[c]);
      }
    }
  }
}

}  // namespace cellverdict
