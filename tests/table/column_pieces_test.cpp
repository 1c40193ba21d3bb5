#include <cellverdict/table/column_pieces.h>

#include <doctest/doctest.h>

#include <limits>

using namespace cellverdict;

TEST_CASE("pieces of a column, put behind one another, are the column") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const Column& whole : {make_text_column({"b", "", "a", "b", "c"}), make_number_column({1, none, 2.5, -3, 1e9}),
                              make_constant_column("x", 5), make_constant_column("", 5)}) {
    const PieceReader reader(pieces_of(whole));
    for (const std::int64_t step : {1, 2, 5}) {
      std::int64_t row = 0;
      for (std::int64_t first = 0; first < 5; first += step) {
        const Column piece = reader.read(first, std::min<std::int64_t>(step, 5 - first));
        CHECK(piece.kind == whole.kind);
        for (std::int64_t i = 0; i < piece.size(); ++i) CHECK(piece.text(i) == whole.text(row++));
      }
      CHECK(row == 5);
    }
  }
  const Column constant = PieceReader(constant_pieces("x")).read(7, 3);
  CHECK(constant.codes == std::vector<std::int32_t>{0, 0, 0});
  CHECK(constant.text(2) == "x");
  CHECK(PieceReader(constant_pieces("")).read(0, 2).codes == std::vector<std::int32_t>{-1, -1});
}

TEST_CASE("a text may be missing whatever it says") {
  ColumnPieces pieces{.form = ColumnPieces::Form::texts};
  pieces.texts = [](std::int64_t, std::int64_t) { return ColumnPieces::Texts{{"a", "b", "a"}, {0, 0, 1}}; };
  const Column column = PieceReader(pieces).read(0, 3);
  CHECK(column.text(0) == "a");
  CHECK(column.missing(2));
}
