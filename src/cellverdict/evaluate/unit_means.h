#pragma once
// From cells to the unit of evidence: the mean probability of a unit's cells.

#include <cellverdict/split/views.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

struct UnitMean {
  std::string unit;
  std::int32_t label = 0;
  std::int64_t n_cells = 0;
  std::vector<double> probability;  // [classes]
  std::vector<std::int64_t> cells;  // of the view
};

// One entry per unit and class among the view's cells, sorted by unit, then class.
std::vector<UnitMean> unit_means(const CellView& view, const std::vector<double>& probability);

}  // namespace cellverdict
