#include <cellverdict/table/csr.h>

#include <algorithm>
#include <utility>

namespace cellverdict {

void CsrBlock::sort_from(std::size_t begin) {
  if (std::is_sorted(indices.begin() + static_cast<std::ptrdiff_t>(begin), indices.end())) return;
  std::vector<std::pair<std::int32_t, float>> row;
  for (std::size_t k = begin; k < indices.size(); ++k) row.emplace_back(indices[k], values[k]);
  std::sort(row.begin(), row.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t k = 0; k < row.size(); ++k) {
    indices[begin + k] = row[k].first;
    values[begin + k] = row[k].second;
  }
}

}  // namespace cellverdict
