#include <cellverdict/evaluate/unit_means.h>

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
    for (std::size_t c = 0; c < n_classes; ++c) unit.probability[c] += probability[i * n_classes + c];
    unit.cells.push_back(i);
  }
  std::vector<UnitMean> means;
  for (auto& [key, unit] : units) {
    for (double& p : unit.probability) p /= static_cast<double>(unit.n_cells);
    means.push_back(std::move(unit));
  }
  return means;
}

}  // namespace cellverdict
