#include <cellverdict/split/one_against_rest.h>

namespace cellverdict {

std::vector<std::int32_t> codes_against_rest(const Column& column, const std::vector<std::string>& values,
                                             const std::string& against) {
  std::vector<std::int32_t> codes = codes_of(column, values);
  if (against.empty()) return codes;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    codes[i] = column.missing(row) ? -1 : codes[i] == 0 ? 0 : 1;
  }
  return codes;
}

}  // namespace cellverdict
