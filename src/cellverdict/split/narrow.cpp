// A split seen through a question about some of its cells: progenitors alone, or the monocytes of the test side.

#include <cellverdict/split/split.h>
#include <cellverdict/table/row_filter.h>

#include <algorithm>

namespace cellverdict {

Split Split::only(const std::string& where) const {
  if (where.empty()) return *this;
  const auto keep = matching_rows(cohort_->table->obs(), where);
  std::vector<Side> sides = side_;
  for (std::size_t i = 0; i < sides.size(); ++i)
    if (!keep[i]) sides[i] = Side::unused;
  SplitSummary summary{.scheme = summary_.scheme, .by = summary_.by, .optimistic = summary_.optimistic};
  summary.fold = summary_.fold;
  summary.n_folds = summary_.n_folds;
  summary.held_out = summary_.held_out;
  Split narrowed = of_sides(cohort_, std::move(sides), std::move(summary));
  narrowed.whole_ = std::make_shared<const Split>(whole());
  SplitSummary& described = narrowed.summary_;
  std::erase_if(described.units, [](const SplitUnit& unit) { return unit.side == Side::unused; });
  described.notes.insert(described.notes.begin(), kNarrowed + where + " teach and are asked.");
  return narrowed;
}

std::vector<std::int64_t> Split::test_rows(const std::string& where) const {
  const std::vector<Side>& sides = whole().side_;
  const auto keep = matching_rows(cohort_->table->obs(), where);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < sides.size(); ++i)
    if (keep[i] && sides[i] == Side::test) rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

std::vector<std::int64_t> Split::places_in_test(const std::string& where) const {
  const std::vector<Side>& sides = whole().side_;
  const auto keep = where.empty() ? std::vector<bool>(sides.size(), true) : matching_rows(cohort_->table->obs(), where);
  std::vector<std::int64_t> places;
  std::int64_t place = 0;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] != Side::test) continue;
    if (keep[i]) places.push_back(place);
    ++place;
  }
  return places;
}

TestView Split::test(const std::string& where) const {
  return TestView(cohort_, test_rows(where));
}

TrainView Split::transductive(const std::string& where) const {
  const auto n_cells = static_cast<std::size_t>(cohort_->table->obs().n_rows());
  const auto keep = where.empty() ? std::vector<bool>(n_cells, true) : matching_rows(cohort_->table->obs(), where);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < n_cells; ++i)
    if (keep[i]) rows.push_back(static_cast<std::int64_t>(i));
  return TrainView(cohort_, std::move(rows));
}

}  // namespace cellverdict
