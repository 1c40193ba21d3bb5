#pragma once
// Products of small matrices as attention needs them: many rows, a short side of one head's width. The right side is laid out in
// panels of 32 columns, so that one panel stays in the nearest cache while all rows pass it. No LibTorch here.

#include <cstdint>
#include <vector>

namespace cellverdict {

inline constexpr std::int64_t kPanel = 32;

constexpr std::int64_t panels_for(std::int64_t columns) {
  return (columns + kPanel - 1) / kPanel;
}

// A matrix [rows, columns] in panels, the last one filled up with zeros. [panel][row][kPanel]
struct Panels {
  std::vector<float> values;
  std::int64_t rows = 0, columns = 0;

  std::int64_t padded() const { return panels_for(columns) * kPanel; }
  const float* at(std::int64_t row, std::int64_t panel) const { return values.data() + (panel * rows + row) * kPanel; }
  // Of a matrix whose rows lie `stride` apart, times `factor`; room is kept for the next one.
  void fill(const float* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns, float factor);
  // Of its transpose: [n_columns, n_rows].
  void fill_transposed(const float* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns);
};

// c[i, j] (+)= Σ_f a(i, f) · b[f, j]
struct PanelTimes {
  const float* a = nullptr;
  std::int64_t a_row = 0, a_step = 1;  // a(i, f) = a[i · a_row + f · a_step]
  const float* b = nullptr;            // the first panel, at the first of the rows used
  std::int64_t b_panel = 0;            // from one panel to the next
  std::int64_t n_panels = 0;
  float* c = nullptr;  // all columns of the panels are written
  std::int64_t c_row = 0;
  std::int64_t rows = 0, steps = 0;  // i and f
  bool add = false;
};
void multiply_panels(const PanelTimes& product);

}  // namespace cellverdict
