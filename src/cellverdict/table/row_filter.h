#pragma once
// [data] where: which rows of an annotation to keep. A small language, the part of pandas' query() people use:
//   cell_type == 'monocyte' and percent_mito < 20
//   disease in ['AML', 'normal'] or not (day == 0)
// Text compares as text, numbers as numbers; a missing value matches nothing but !=.

#include <cellverdict/table/frame.h>

#include <string>
#include <vector>

namespace cellverdict {

// One flag a row. Throws UsageError (unknown column or value, naming the nearest; or where the expression does not parse).
std::vector<bool> matching_rows(const Frame& frame, const std::string& expression);

}  // namespace cellverdict
