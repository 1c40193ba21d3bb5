#pragma once
// How good the cells of each unit were before and after quality control: quantiles only, small enough for the store's index and for
// a figure. Never a cell.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct QualitySummary {
  struct Box {
    double p5 = 0, p25 = 0, p50 = 0, p75 = 0, p95 = 0;  // percentiles, interpolated as numpy does; all 0 where n is 0
    std::int64_t n = 0;                                 // cells
    bool operator==(const Box&) const = default;
  };
  struct Stage {
    std::vector<Box> total;         // [units] counts a cell
    std::vector<Box> n_genes;       // [units] genes with a count
    std::vector<Box> mito_percent;  // [units] mitochondrial share of the counts, 0 to 100
    bool operator==(const Stage&) const = default;
  };
  std::vector<std::string> units;
  Stage before, after;  // quality control
  bool operator==(const QualitySummary&) const = default;
};

QualitySummary::Box make_quality_box(std::vector<double> values);
QualitySummary::Box sort_into_quality_box(std::span<double> values);  // where they lie

}  // namespace cellverdict
