#include <cellverdict/split/views.h>

#include <algorithm>

namespace cellverdict {

bool CellView::has_column(const std::string& name) const {
  const auto& names = cohort_->table->obs().names;
  return std::find(names.begin(), names.end(), name) != names.end();
}

Column CellView::column(const std::string& name, const std::string& where) const {
  const Column& all = cohort_->table->obs().column(name, where);
  Column mine;
  mine.kind = all.kind;
  mine.levels = all.levels;
  for (const std::int64_t row : rows_) {
    if (all.kind == Column::Kind::text) {
      mine.codes.push_back(all.codes[row]);
    } else {
      mine.numbers.push_back(all.numbers[row]);
    }
  }
  return mine;
}

std::optional<GeneSums> TrainView::stored_sums(const std::string& normalisation) const {
  if (!cohort_->sums || cohort_->sums->normalisation != normalisation) return std::nullopt;
  std::vector<std::int64_t> here(cohort_->units.size());
  for (const std::int64_t row : rows_) ++here[cohort_->unit[row]];
  GeneSums total(genes().size());
  for (std::size_t u = 0; u < here.size(); ++u) {
    if (here[u] == 0) continue;
    if (here[u] != cohort_->sums->sums[u].n_cells) return std::nullopt;
    total.add(cohort_->sums->sums[u]);
  }
  return total;
}

}  // namespace cellverdict
