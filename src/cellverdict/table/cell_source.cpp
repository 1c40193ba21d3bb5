#include <cellverdict/table/cell_source.h>

namespace cellverdict {

Names SourceHead::cell_names(std::int64_t first, std::int64_t count) const {
  if (read_names) return read_names(first, count);
  Names names;
  for (std::int64_t i = first; i < first + count; ++i) names.push_back(obs.index[i]);
  return names;
}

}  // namespace cellverdict
