#include <cellverdict/evaluate/unit_means.h>

#include <algorithm>

namespace cellverdict {

std::vector<UnitMean> unit_means(const CellView& view, const std::vector<double>& probability) {
  const std::size_t n_classes = view.classes().size();
  std::map<std::pair<std::string, std::int32_t>, UnitMean> units;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    UnitMean& unit = units[{view.unit(i), view.label(i)}];
    if (unit.n_cells++ == 0) {
      unit.unit = view.unit(i);
      unit.label = view.label(i);
      unit.probability.assign(n_classes, 0);
    }
    unit.cells.push_back(i);
    // As differences from the first cell: where all agree, the mean is exactly theirs, and units that agree stay tied.
    const auto first = static_cast<std::size_t>(unit.cells.front()) * n_classes;
    for (std::size_t c = 0; c < n_classes; ++c)
      unit.probability[c] += probability[static_cast<std::size_t>(i) * n_classes + c] - probability[first + c];
  }
  std::vector<UnitMean> means;
  for (auto& [key, unit] : units) {
    const auto first = static_cast<std::size_t>(unit.cells.front()) * n_classes;
    for (std::size_t c = 0; c < n_classes; ++c)
      unit.probability[c] = std::clamp(unit.probability[c] / static_cast<double>(unit.n_cells) + probability[first + c], 0.0, 1.0);
    means.push_back(std::move(unit));
  }
  return means;
}

}  // namespace cellverdict
