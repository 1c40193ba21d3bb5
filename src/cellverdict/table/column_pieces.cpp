#include <cellverdict/table/column_pieces.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace cellverdict {

ColumnPieces pieces_of(Column given) {
  const auto column = std::make_shared<const Column>(std::move(given));
  ColumnPieces out;
  if (column->kind == Column::Kind::number) {
    out.form = ColumnPieces::Form::numbers;
    out.numbers = [column](std::int64_t first, std::int64_t count, double* to) {
      std::copy_n(column->numbers.begin() + first, count, to);
    };
    return out;
  }
  out.form = ColumnPieces::Form::codes;
  out.n_levels = std::ssize(column->levels);
  out.levels = [column](std::int64_t first, std::int64_t count) {
    Names names;
    for (std::int64_t i = first; i < first + count; ++i) names.push_back(column->levels[i]);
    return names;
  };
  out.codes = [column](std::int64_t first, std::int64_t count, std::int32_t* to) {
    std::copy_n(column->codes.begin() + first, count, to);
  };
  return out;
}

ColumnPieces constant_pieces(const std::string& value) {
  ColumnPieces out = pieces_of(make_constant_column(value, 0));
  const std::int32_t code = value.empty() ? -1 : 0;
  out.codes = [code](std::int64_t, std::int64_t count, std::int32_t* to) { std::fill_n(to, count, code); };
  return out;
}

PieceReader::PieceReader(ColumnPieces pieces) : pieces_(std::move(pieces)) {
  if (pieces_.form == ColumnPieces::Form::codes) levels_ = pieces_.levels(0, pieces_.n_levels).texts();
}

Column PieceReader::read(std::int64_t first, std::int64_t count) const {
  Column out;
  switch (pieces_.form) {
    case ColumnPieces::Form::numbers:
      out.kind = Column::Kind::number;
      out.numbers.resize(static_cast<std::size_t>(count));
      pieces_.numbers(first, count, out.numbers.data());
      return out;
    case ColumnPieces::Form::codes:
      out.levels = levels_;
      out.codes.resize(static_cast<std::size_t>(count));
      pieces_.codes(first, count, out.codes.data());
      return out;
    case ColumnPieces::Form::texts:
      break;
  }
  const ColumnPieces::Texts piece = pieces_.texts(first, count);
  out = make_text_column(piece.texts);
  for (std::size_t i = 0; i < piece.missing.size(); ++i)
    if (piece.missing[i] != 0) out.codes[i] = -1;
  return out;
}

}  // namespace cellverdict
