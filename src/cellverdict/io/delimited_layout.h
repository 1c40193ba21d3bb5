#pragma once
// How a table of numbers is laid out, told from its first lines: separator, header, which columns are names, notes or values.

#include <cellverdict/io/text_lines.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

// The fields of a line, one after the other; quotes around a field are taken off, doubled ones inside made one.
class LineFields {
 public:
  LineFields(std::string_view line, char separator) : rest_(line), separator_(separator) {}
  // False after the last. The view holds until the next call.
  bool next(std::string_view& field);
  bool damaged() const { return damaged_; }  // a quote that is not closed, or text after a closing one

 private:
  bool quoted(std::string_view& field);

  std::string_view rest_;
  char separator_;
  bool ended_ = false, damaged_ = false;
  std::string unquoted_;
};

// A number as tables hold them ("12", "-0.5", "1e-4"); nothing for NA, infinities and anything else.
std::optional<float> value_of_field(std::string_view field);
// NA, NaN, "", null: what stands for no value.
bool is_missing_field(std::string_view field);

enum class FieldRole { names, annotation, value, blank };

struct DelimitedLayout {
  char separator = ',';
  std::int64_t header_line = 0;
  bool corner = true;                // false: the header has no field above the names, as R's write.table leaves it out
  std::vector<FieldRole> roles;      // [fields of a line]
  std::vector<std::string> headers;  // [fields of a line]
  std::string separator_name() const;
};

// Reads the first lines of `lines` (which is rewound before and after). Throws InputError where they are no table of numbers.
DelimitedLayout read_layout(TextLines& lines);

}  // namespace cellverdict
