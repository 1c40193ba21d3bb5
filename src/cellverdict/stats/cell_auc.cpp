// CellAuc of bootstrap.h. All sums are of whole numbers below 2^53 for up to 1e6 cells drawn a few dozen times over, held in
// doubles where the table is multiplied, so the two ways agree to the last bit there.

#include <cellverdict/base/error.h>
#include <cellverdict/stats/bootstrap.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cellverdict {

CellAuc::CellAuc(const Cells& cells) {
  const std::size_t n = cells.scores.size();
  const auto outside = [&](std::int64_t u) { return u < 0 || u >= cells.n_units; };
  if (cells.positive.size() != n || cells.unit.size() != n || std::any_of(cells.unit.begin(), cells.unit.end(), outside))
    throw InternalError({.where = "AUC over cells",
                         .found = std::to_string(cells.positive.size()) + " labels, " + std::to_string(n) + " scores, " +
                                  std::to_string(cells.unit.size()) + " units",
                         .expected = "one of each a cell, units below " + std::to_string(cells.n_units),
                         .advice = ""});
  if (std::any_of(cells.scores.begin(), cells.scores.end(), [](double s) { return std::isnan(s); }))
    throw DataError({.where = "AUC over cells",
                     .found = "a score that is not a number",
                     .expected = "numbers",
                     .advice = "the model has diverged or its input holds missing values"});
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return cells.scores[a] > cells.scores[b]; });
  cells_.reserve(n);
  n_positive_.assign(static_cast<std::size_t>(cells.n_units), 0);
  n_negative_ = n_positive_;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t cell = order[i];
    const bool positive = cells.positive[cell] != 0;
    cells_.push_back(
        {.unit = cells.unit[cell], .positive = positive, .opens_tie = i == 0 || cells.scores[cell] != cells.scores[order[i - 1]]});
    ++(positive ? n_positive_ : n_negative_)[static_cast<std::size_t>(cells.unit[cell])];
  }
  for (std::size_t u = 0; u < n_positive_.size(); ++u) {
    if (n_positive_[u] > 0) with_positive_.push_back(u);
    if (n_negative_[u] > 0) with_negative_.push_back(u);
  }
  // The table must be quicker to look at than the cells.
  if (with_positive_.size() * with_negative_.size() <= n / 4) make_table();
}

// Cells from the highest score down. A negative cell meets the positive cells of each unit above it (twice) and beside it (once).
void CellAuc::make_table() {
  const std::size_t n_rows = with_positive_.size(), n_columns = with_negative_.size();
  std::vector<std::size_t> row(n_positive_.size()), column(n_positive_.size());
  for (std::size_t r = 0; r < n_rows; ++r) row[with_positive_[r]] = r;
  for (std::size_t c = 0; c < n_columns; ++c) column[with_negative_[c]] = c;
  std::vector<double> met(n_rows, 0), table(n_rows * n_columns, 0);  // table is [column, row]: a cell walks along memory
  for (std::size_t begin = 0, end = 0; begin < cells_.size(); begin = end) {
    for (end = begin + 1; end < cells_.size() && !cells_[end].opens_tie; ++end) {
    }
    const auto meet_positives = [&] {
      for (std::size_t i = begin; i < end; ++i)
        if (cells_[i].positive) met[row[static_cast<std::size_t>(cells_[i].unit)]] += 1;
    };
    meet_positives();  // once for the tie, and once more when they stand above
    for (std::size_t i = begin; i < end; ++i) {
      if (cells_[i].positive) continue;
      double* target = table.data() + column[static_cast<std::size_t>(cells_[i].unit)] * n_rows;
      for (std::size_t r = 0; r < n_rows; ++r) target[r] += met[r];
    }
    meet_positives();
  }
  twice_won_ = std::move(table);
  cells_.clear();
  cells_.shrink_to_fit();
}

std::optional<double> CellAuc::operator()(std::span<const std::uint32_t> times) const {
  if (times.size() != n_positive_.size())
    throw InternalError({.where = "AUC over cells",
                         .found = std::to_string(times.size()) + " counts",
                         .expected = std::to_string(n_positive_.size()) + " units",
                         .advice = ""});
  double n_positive = 0, n_negative = 0;
  for (const std::size_t u : with_positive_) n_positive += static_cast<double>(n_positive_[u]) * times[u];
  for (const std::size_t u : with_negative_) n_negative += static_cast<double>(n_negative_[u]) * times[u];
  if (n_positive == 0 || n_negative == 0) return std::nullopt;
  return (twice_won_.empty() ? from_cells(times) : from_table(times)) / (2 * n_positive * n_negative);
}

double CellAuc::from_table(std::span<const std::uint32_t> times) const {
  double sum = 0;
  for (std::size_t c = 0; c < with_negative_.size(); ++c) {
    const std::uint32_t weight = times[with_negative_[c]];
    if (weight == 0) continue;
    const double* won = twice_won_.data() + c * with_positive_.size();
    double of_unit = 0;
    for (std::size_t r = 0; r < with_positive_.size(); ++r) of_unit += won[r] * times[with_positive_[r]];
    sum += of_unit * weight;
  }
  return sum;
}

double CellAuc::from_cells(std::span<const std::uint32_t> times) const {
  std::uint64_t twice_won = 0, above = 0, positives = 0, negatives = 0;
  const auto close_tie = [&] {
    twice_won += negatives * (2 * above + positives);
    above += positives;
    positives = negatives = 0;
  };
  for (const Cell& cell : cells_) {
    if (cell.opens_tie) close_tie();
    (cell.positive ? positives : negatives) += times[static_cast<std::size_t>(cell.unit)];
  }
  close_tie();
  return static_cast<double>(twice_won);
}

}  // namespace cellverdict
