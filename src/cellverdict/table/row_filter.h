#pragma once
// [data] where: which rows of an annotation to keep. A small language, the part of pandas' query() people use:
//   cell_type == 'monocyte' and percent_mito < 20
//   disease in ['AML', 'normal'] or not (day == 0)
//   donor != ''
// Text compares as text, numbers as numbers; '' stands for a missing value, which matches nothing else but !=.

#include <cellverdict/table/frame.h>

#include <string>
#include <vector>

namespace cellverdict {

// One flag a row. Throws UsageError (unknown column or value, naming the nearest; or where the expression does not parse).
std::vector<bool> matching_rows(const Frame& frame, const std::string& expression);

// A value the expression compares a text column with and that no row has.
struct UnknownValue {
  std::string column, value;
  bool operator==(const UnknownValue&) const = default;
};
// The same for one part of a cohort: a value that this part lacks may stand in another one, so it is not refused but given in
// `unknown`, for the caller to refuse when no part has it.
std::vector<bool> matching_rows(const Frame& frame, const std::string& expression, std::vector<UnknownValue>& unknown);
// The refusal of such a value; `values` are those that are there.
[[noreturn]] void refuse_unknown(const UnknownValue& unknown, const std::vector<std::string>& values);

}  // namespace cellverdict
