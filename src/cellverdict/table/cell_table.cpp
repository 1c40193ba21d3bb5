#include <cellverdict/table/cell_table.h>

#include <cellverdict/base/error.h>

#include <algorithm>
#include <string>

namespace cellverdict {

namespace {

// Sizes only; the arrays themselves were checked by whoever wrote or mapped them.
void check_shard(const CsrShard& shard) {
  const auto n_values = std::visit([](const auto& values) { return values.size(); }, shard.values);
  const bool rows_fit = !shard.indptr.empty() && shard.indptr.front() >= 0 && shard.indptr.front() <= shard.indptr.back() &&
                        shard.indptr.back() <= static_cast<std::int64_t>(shard.indices.size());
  if (!rows_fit || n_values != shard.indices.size())
    throw InternalError(
        {.where = "CellTable",
         .found = "a shard of " + std::to_string(shard.indices.size()) + " genes and " + std::to_string(n_values) + " values",
         .expected =
             shard.indptr.empty() ? "row limits" : "both to cover the " + std::to_string(shard.indptr.back()) + " its rows end at",
         .advice = ""});
}

}  // namespace

CellTable::CellTable(GeneList genes, Frame obs, std::vector<double> totals, std::vector<CsrShard> shards)
    : genes_(std::move(genes)), obs_(std::move(obs)), totals_(std::move(totals)), shards_(std::move(shards)), first_rows_{0} {
  for (const auto& shard : shards_) check_shard(shard);
  for (const auto& shard : shards_) first_rows_.push_back(first_rows_.back() + shard.n_rows());
  if (first_rows_.back() != n_cells() || static_cast<std::int64_t>(totals_.size()) != n_cells())
    throw InternalError(
        {.where = "CellTable",
         .found = std::to_string(first_rows_.back()) + " matrix rows and " + std::to_string(totals_.size()) + " totals",
         .expected = std::to_string(n_cells()) + " of each"});
}

std::int64_t CellTable::n_nonzero() const {
  std::int64_t n = 0;
  for (const auto& shard : shards_) n += static_cast<std::int64_t>(shard.indices.size());
  return n;
}

void CellTable::append_row(std::int64_t row, CsrBlock& out) const {
  const auto s = static_cast<std::size_t>(std::upper_bound(first_rows_.begin(), first_rows_.end(), row) - first_rows_.begin() - 1);
  const CsrShard& shard = shards_[s];
  const auto begin = static_cast<std::size_t>(shard.indptr[row - first_rows_[s]]);
  const auto end = static_cast<std::size_t>(shard.indptr[row - first_rows_[s] + 1]);
  out.indices.insert(out.indices.end(), shard.indices.begin() + begin, shard.indices.begin() + end);
  std::visit([&](const auto& values) { out.values.insert(out.values.end(), values.begin() + begin, values.begin() + end); },
             shard.values);
  out.end_row();
}

CsrShard make_shard(CsrBlock block) {
  const auto owned = std::make_shared<const CsrBlock>(std::move(block));
  return {.indptr = owned->indptr, .indices = owned->indices, .values = std::span<const float>(owned->values), .keep = owned};
}

}  // namespace cellverdict
