#pragma once
// One column of annotations that is read, or made, piece by piece: what a file of any number of cells is gone through with. Of a
// text column either the codes are known beforehand (categories beside them), or its texts come as they are.

#include <cellverdict/table/frame.h>
#include <cellverdict/table/names.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace cellverdict {

struct ColumnPieces {
  enum class Form { codes, texts, numbers };
  struct Texts {
    Names texts;                // "" is missing
    std::vector<char> missing;  // [texts] 1: missing whatever the text; empty: none
  };

  Form form = Form::numbers;
  // Each gives, or fills in, the rows [first, first + count); those of the form alone are there. Throws InputError for damage.
  std::function<void(std::int64_t first, std::int64_t count, std::int32_t* out)> codes = {};  // -1 missing
  std::function<Texts(std::int64_t first, std::int64_t count)> texts = {};
  std::function<void(std::int64_t first, std::int64_t count, double* out)> numbers = {};  // NaN missing
  std::int64_t n_levels = 0;                                                              // of codes
  std::function<Names(std::int64_t first, std::int64_t count)> levels = {};               // of codes: levels [first, first + count)
};

// How many rows are gone through at a time.
constexpr std::int64_t kPieceRows = std::int64_t{1} << 16;

// Of a column that is held.
ColumnPieces pieces_of(Column column);
ColumnPieces constant_pieces(const std::string& value);

// Pieces as columns of their own. Levels of codes are the same in every piece; those of texts are what the piece has.
class PieceReader {
 public:
  explicit PieceReader(ColumnPieces pieces);
  Column read(std::int64_t first, std::int64_t count) const;

 private:
  ColumnPieces pieces_;
  std::vector<std::string> levels_;
};

}  // namespace cellverdict
