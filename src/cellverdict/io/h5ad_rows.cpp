#include <cellverdict/io/h5ad_rows.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace cellverdict {

namespace {

// Written so that the compiler compares many at a time.
bool ascends(std::span<const std::int32_t> genes) {
  int falls = 0;
  for (std::size_t i = 1; i < genes.size(); ++i) falls |= static_cast<int>(genes[i] <= genes[i - 1]);
  return falls == 0;
}

bool all_counted(std::span<const float> values) {
  int odd = 0;
  for (const float value : values) {
    const float size = std::abs(value);  // fails both comparisons when NaN
    odd |= static_cast<int>(!(size > 0)) | static_cast<int>(!(size <= std::numeric_limits<float>::max()));
  }
  return odd == 0;
}

}  // namespace

H5adRows::H5adRows(SourceHead head, std::string where, const OpenOptions& options)
    : head_(std::move(head)), options_(options), where_(std::move(where)) {}

bool H5adRows::read_block(std::int64_t max_rows, CsrBlock& block) {
  block.first_row = next_row_;
  const std::int64_t n = std::min(head_.n_cells - next_row_, max_rows);
  if (n <= 0) {
    block.clear();
    return false;
  }
  load(next_row_, next_row_ + n, block);
  if (!is_tidy(block)) tidy(block);
  next_row_ += n;
  return true;
}

bool H5adRows::is_tidy(const CsrBlock& block) const {
  std::atomic<bool> tidy = true;
  parallel_for(block.n_rows(), options_.threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end && tidy.load(std::memory_order_relaxed); ++i) {
      const CsrRow row = block.row(i);
      if (!ascends(row.genes) || !all_counted(row.values)) tidy.store(false, std::memory_order_relaxed);
    }
  });
  return tidy;
}

// Sorts rows and drops zeros, in place: what is kept never overtakes what is read.
void H5adRows::tidy(CsrBlock& block) const {
  std::vector<std::pair<std::int32_t, float>> entries;
  std::size_t at = 0;
  std::int64_t begin = 0;
  for (std::int64_t i = 0; i < block.n_rows(); ++i) {
    const std::int64_t end = block.indptr[i + 1];
    entries.clear();
    for (std::int64_t k = begin; k < end; ++k) entries.emplace_back(block.indices[k], block.values[k]);
    begin = end;
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const auto [gene, value] = entries[k];
      if (k > 0 && gene == entries[k - 1].first) refuse(block.first_row + i, gene, "two entries", "one");
      if (!std::isfinite(value)) refuse(block.first_row + i, gene, std::isnan(value) ? "NaN" : "an infinite value", "a number");
      if (value == 0) continue;
      block.indices[at] = gene;
      block.values[at] = value;
      ++at;
    }
    block.indptr[i + 1] = static_cast<std::int64_t>(at);
  }
  block.indices.resize(at);
  block.values.resize(at);
}

void H5adRows::refuse(std::int64_t row, std::int32_t gene, const std::string& found, const std::string& expected) const {
  throw InputError({.where = where_ + " row " + std::to_string(row) + " (" + head_.cell_name(row) + ")",
                    .found = found + " for gene " + head_.genes.ids[gene],
                    .expected = expected});
}

}  // namespace cellverdict
