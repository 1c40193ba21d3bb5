// [data] where: an expression is refused in one way only, and its negation keeps the other rows.

#include <cellverdict/table/row_filter.h>

#include <limits>
#include <string>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

namespace {

Frame small_frame() {
  Frame frame;
  frame.index = {"a", "b", "c", "d"};
  frame.set("kind", make_text_column({"x", "y", "", "x"}));
  frame.set("n", make_number_column({0, 1.5, std::numeric_limits<double>::quiet_NaN(), -3}));
  return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  static const Frame frame = small_frame();
  const std::string expression(reinterpret_cast<const char*>(bytes), n);
  try {
    const auto rows = matching_rows(frame, expression);
    require(rows.size() == 4);
    auto others = matching_rows(frame, "not (" + expression + ")");
    others.flip();
    require(others == rows);
  } catch (const UsageError&) {
  }
  return 0;
}
