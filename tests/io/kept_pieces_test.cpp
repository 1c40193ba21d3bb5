#include <cellverdict/io/kept_source.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace cellverdict;

TEST_CASE("of a file of many pieces the kept rows alone are given, from any row on, and pieces without one are not read") {
  const std::int64_t n = 5 * kPieceRows + 17;
  std::vector<bool> keep(static_cast<std::size_t>(n));
  std::vector<std::int64_t> kept;
  for (std::int64_t row = 0; row < n; ++row)
    if (row / kPieceRows != 2 && (row % 1000 == 3 || row == n - 1)) {  // none in the third piece
      keep[row] = true;
      kept.push_back(row);
    }
  const auto rows = std::make_shared<const KeptRows>(keep);
  REQUIRE(rows->size() == std::ssize(kept));
  std::int64_t n_read = 0;
  const auto names = kept_names(
      [&](std::int64_t first, std::int64_t count) {
        n_read += count;
        CHECK(first != 2 * kPieceRows);
        Names piece;
        for (std::int64_t i = first; i < first + count; ++i) piece.push_back(std::to_string(i));
        return piece;
      },
      rows);
  ColumnPieces numbers;
  numbers.numbers = [](std::int64_t first, std::int64_t count, double* to) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<double>(first + i);
  };
  const PieceReader reader(kept_pieces(numbers, rows));
  for (const std::int64_t step : {std::int64_t{1}, std::int64_t{40}, std::int64_t{66}, rows->size()})
    for (std::int64_t first = 0; first < rows->size(); first += step * 3) {
      const std::int64_t count = std::min(step, rows->size() - first);
      const Names found = names(first, count);
      const Column column = reader.read(first, count);
      REQUIRE(static_cast<std::int64_t>(found.size()) == count);
      for (std::int64_t i = 0; i < count; ++i) {
        REQUIRE(found.text(i) == std::to_string(kept[first + i]));
        REQUIRE(column.numbers[i] == static_cast<double>(kept[first + i]));
      }
    }
  n_read = 0;
  CHECK(names(0, 0).empty());
  CHECK(n_read == 0);
}
