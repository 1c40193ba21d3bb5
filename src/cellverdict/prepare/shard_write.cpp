#include <cellverdict/prepare/shard_write.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/scratch_array.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/prepare/shard_obs.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>

namespace cellverdict {

namespace {

constexpr std::size_t kSegmentRows = 512;  // written by one thread at a time: some MiB

// In scratch files: eight bytes a row.
struct RowOrder {
  explicit RowOrder(const std::filesystem::path& scratch) : rows_file(scratch) {}

  ScratchArray<std::int32_t> rows_file;
  std::optional<ScratchArray<std::int32_t>> by_unit_file;
  std::span<const std::int32_t> rows;     // of the spool, in the order of the file
  std::span<const std::int32_t> by_unit;  // the same, unit by unit
  std::vector<std::int64_t> unit_ends;    // [units] where the rows of each end
  std::int64_t n_entries = 0;
  bool whole_16_bit = true;
};

RowOrder order_rows(const RowSpool& spool, const CellRecords& records, std::size_t n_units, const std::string& source) {
  if (spool.n_rows() > std::numeric_limits<std::int32_t>::max())
    throw DataError({.where = source,
                     .found = counted(spool.n_rows(), "cell"),
                     .expected = "at most 2,147,483,647 in one source",
                     .advice = "give it in several files"});
  RowOrder order(records.folder());
  std::vector<std::int64_t> next(n_units + 1);
  for (std::int64_t i = 0; i < spool.n_rows(); ++i) {
    const CellRecord& cell = records[spool.row(i).cell];
    if (!cell.kept) continue;
    order.rows_file.push_back(static_cast<std::int32_t>(i));
    ++next[cell.unit + 1];
    order.n_entries += spool.row(i).n_entries;
    order.whole_16_bit = order.whole_16_bit && spool.row(i).wide == 0;
  }
  for (std::size_t u = 0; u < n_units; ++u) next[u + 1] += next[u];
  order.unit_ends.assign(next.begin() + 1, next.end());
  order.rows = order.rows_file.open();
  const auto by_unit = order.by_unit_file.emplace(records.folder(), std::ssize(order.rows)).open();
  for (const std::int32_t i : order.rows) by_unit[next[records[spool.row(i).cell].unit]++] = i;
  order.by_unit = by_unit;
  return order;
}

// Hands out 0, 1, … n - 1 to threads as they become free, each with a Scratch of its own.
template <class Scratch, class Work>
void share_out(std::int64_t n, int threads, const Work& work) {
  std::atomic<std::int64_t> next{0};
  const auto workers = static_cast<std::int64_t>(std::min<std::int64_t>(threads, n));
  parallel_for(workers, threads, [&](std::int64_t begin, std::int64_t end) {
    Scratch scratch;
    for (; begin < end; ++begin)
      for (std::int64_t i = next++; i < n; i = next++) work(i, scratch);
  });
}

// What one thread gathers, kept from one segment to the next.
struct Segment {
  std::vector<std::int64_t> ends;
  std::vector<std::int32_t> genes;
  std::vector<std::uint16_t> counts;
  std::vector<float> values;
};

// n entries of the rows, one row after the other.
template <class Value>
std::span<const Value> gather(const RowSpool& spool, std::span<const std::int32_t> rows, std::int64_t n,
                              void (RowSpool::*read)(std::int64_t, Value*) const, std::vector<Value>& out) {
  if (std::ssize(out) < n) out.resize(static_cast<std::size_t>(n));
  Value* place = out.data();
  for (const std::int32_t i : rows) {
    (spool.*read)(i, place);
    place += spool.row(i).n_entries;
  }
  return std::span(out).first(static_cast<std::size_t>(n));
}

void write_rows(const RowSpool& spool, const RowOrder& order, int threads, const H5adShard& shard, bool genes_are_there) {
  std::vector<std::int64_t> first_entries;
  std::int64_t n = 0;
  for (std::size_t row = 0; row < order.rows.size(); ++row) {
    if (row % kSegmentRows == 0) first_entries.push_back(n);
    n += spool.row(order.rows[row]).n_entries;
  }
  share_out<Segment>(std::ssize(first_entries), threads, [&](std::int64_t s, Segment& segment) {
    const std::size_t begin = static_cast<std::size_t>(s) * kSegmentRows;
    const auto rows = order.rows.subspan(begin, std::min(kSegmentRows, order.rows.size() - begin));
    const std::int64_t first = first_entries[s];
    segment.ends.clear();
    std::int64_t end = first;
    for (const std::int32_t i : rows) segment.ends.push_back(end += spool.row(i).n_entries);
    shard.write_ends(static_cast<std::int64_t>(begin), segment.ends);
    if (!genes_are_there) shard.write_genes(first, gather(spool, rows, end - first, &RowSpool::read_genes, segment.genes));
    if (order.whole_16_bit) {
      shard.write_counts(first, gather(spool, rows, end - first, &RowSpool::read_counts, segment.counts));
    } else {
      shard.write_values(first, gather(spool, rows, end - first, &RowSpool::read_values, segment.values));
    }
  });
}

}  // namespace

std::int64_t write_shard(const ShardRequest& request, const std::filesystem::path& path, RowSpool& spool,
                         const CellRecords& records, UnitSums& sums) {
  const RowOrder order = order_rows(spool, records, request.plan.units.size(), request.plan.sources[request.source].file.name);
  if (order.rows.empty()) return 0;
  const int threads = request.context.threads;
  const GeneList& genes = request.plan.genes;
  H5adShard shard(path, {.n_rows = std::ssize(order.rows),
                         .n_genes = genes.size(),
                         .n_entries = order.n_entries,
                         .whole_16_bit = order.whole_16_bit});
  const bool all_stay = std::ssize(order.rows) == spool.n_rows();
  const bool taken = spool.head_bytes() > 0 && all_stay && shard.take_genes(spool.genes_file(), spool.head_bytes());
  write_rows(spool, order, threads, shard, taken);
  struct Nothing {};
  share_out<Nothing>(std::ssize(order.unit_ends), threads, [&](std::int64_t u, Nothing&) {
    const std::int64_t begin = u == 0 ? 0 : order.unit_ends[u - 1], n = order.unit_ends[u] - begin;
    const auto rows = order.by_unit.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(n));
    if (n > 0) sums.add(static_cast<std::int32_t>(u), spool, rows, records, request.request.prepare);
  });
  Frame var;
  var.index = genes.ids;
  var.set("gene_symbols", make_text_column(genes.symbols));
  const ShardRows rows{.opened = request.opened,
                       .data = request.request.data,
                       .name_ending = request.plan.sources.size() > 1 ? "-" + request.plan.sources[request.source].file.name : "",
                       .n_rows = std::ssize(order.rows),
                       .record = [&](std::int64_t row) -> const CellRecord& { return records[spool.row(order.rows[row]).cell]; },
                       .scratch = records.folder()};
  shard.finish(shard_obs(rows), var);
  return std::ssize(order.rows);
}

}  // namespace cellverdict
