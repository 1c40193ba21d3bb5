#include <cellverdict/evaluate/unit_profiles.h>

namespace cellverdict {

UnitProfiles::UnitProfiles(std::int64_t n_units, std::int64_t n_genes)
    : n_genes_(n_genes), counts_(static_cast<std::size_t>(n_units * n_genes)), totals_(static_cast<std::size_t>(n_units)) {}

void UnitProfiles::add(const CellView& view) {
  CsrBlock cell;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    cell.clear();
    view.append_counts(i, cell);
    float* const row = counts_.data() + view.unit_number(i) * n_genes_;
    for (std::size_t k = 0; k < cell.indices.size(); ++k) row[cell.indices[k]] += cell.values[k];
    totals_[view.unit_number(i)] += view.total(i);
  }
}

}  // namespace cellverdict
