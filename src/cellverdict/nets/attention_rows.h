#pragma once
// What is done to rows of attention scores between two matrix products, compiled for the processor at hand. No LibTorch here.

#include <cstdint>

namespace cellverdict {

inline constexpr std::int64_t kRowLanes = 16;  // rows lie at multiples of it

// Which shares of a row of scores are dropped: those whose lot of 16 bits, drawn by (key, column), is below the threshold.
struct RowLots {
  std::uint64_t key = 0;
  std::uint32_t threshold = 0;  // 0: none

  float scale() const { return static_cast<float>(1 / (1 - threshold / 65536.0)); }
};
std::uint32_t lot_threshold(double probability);
RowLots row_lots(std::uint64_t key, std::uint32_t threshold, std::int64_t token, std::int64_t heads, std::int64_t head);
bool row_keeps(const RowLots& lots, std::int64_t column);

struct RowSum {
  float sum = 0;      // of exp(score - largest)
  float log_sum = 0;  // the logarithm of the sum of exp(score)
};
// Scores become exp(score - largest), 0 where dropped. Room for the next multiple of kRowLanes is written to.
RowSum exponents_of_row(float* scores, std::int64_t n, const RowLots& lots);

// Scores become the shares, times the factor of those kept, 0 where dropped; gradients of these become those of the scores:
// share · (kept · gradient - towards), the shares undropped. `first` is the column of scores[0], a multiple of 4.
struct RowGradient {
  float log_sum = 0;
  float towards = 0;  // the product of the output's row with its gradient
};
void gradients_of_row(float* scores, float* gradients, std::int64_t first, std::int64_t n, const RowGradient& row,
                      const RowLots& lots);

}  // namespace cellverdict
