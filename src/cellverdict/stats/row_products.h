#pragma once
// Inner products of many rows with many others in single precision: what a search among all pairs spends its time on. Rounded, and
// differently on different processors, so they may choose candidates but never be a result.

#include <cstdint>
#include <functional>
#include <memory>
#include <new>

namespace cellverdict {

// Rows that one row is multiplied with at a time.
inline constexpr std::int64_t kPanelRows = 32;

// Rows in panels of kPanelRows: [n_panels, n_features, kPanelRows], the last one filled up with zeros.
class RowPanels {
 public:
  // write(row, out): the row's n_features numbers. Called from several threads.
  RowPanels(std::int64_t n_rows, std::int64_t n_features, int threads,
            const std::function<void(std::int64_t row, float* out)>& write);

  std::int64_t n_panels() const { return n_panels_; }
  const float* panel(std::int64_t p) const { return values_.get() + p * n_features_ * kPanelRows; }

 private:
  struct FreeAligned {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t(64)); }
  };
  std::int64_t n_panels_ = 0, n_features_ = 0;
  std::unique_ptr<float[], FreeAligned> values_;
};

// products [n_rows, kPanelRows] = rows [n_rows, n_features] · panelᵀ.
struct PanelProduct {
  const float* rows = nullptr;
  std::int64_t n_rows = 0, n_features = 0;
  const float* panel = nullptr;
  float* products = nullptr;
};
void multiply_panel(const PanelProduct& product);

}  // namespace cellverdict
