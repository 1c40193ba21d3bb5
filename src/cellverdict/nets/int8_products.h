#pragma once
// A linear layer whose weights are whole numbers of 8 bits, and the rounding of them and of what it is given. Each row of the
// weights has a scale of its own, and so has each row of the input, found when it comes: no row depends on another. Sums are exact,
// so every processor gives the same bytes. No LibTorch here.

#include <cstdint>
#include <vector>

namespace cellverdict {

// Rows of numbers of 8 bits, [-127, 127]: a number is scale · q.
struct Int8Rows {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int8_t> values;  // [rows, columns]
  std::vector<float> scales;        // [rows]
};
// The nearest; a row of zeros has scale 0.
Int8Rows round_rows(const float* values, std::int64_t rows, std::int64_t columns);

class Int8Linear {
 public:
  // weights [out, in], bias [out].
  Int8Linear(const Int8Rows& weights, std::vector<float> bias);
  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  // x [rows, in] → y [rows, out]. What is not a number, or not finite, makes its row not a number.
  void multiply(const float* x, std::int64_t rows, float* y) const;

 private:
  std::int64_t in_, out_, steps_;            // steps of four inputs
  std::vector<std::int8_t> panels_;          // [panel][step][32 outputs][4 inputs]
  std::vector<float> scales_, sums_, bias_;  // of outputs, filled up to whole panels; sums of their weights times the scale
};

}  // namespace cellverdict
