#include <cellverdict/prepare/cell_records.h>

#include <cellverdict/base/error.h>

#include <algorithm>
#include <fstream>

namespace cellverdict {

void CellRecords::append(const std::vector<CellRecord>& records) {
  file_.append(records.data(), static_cast<std::int64_t>(records.size() * sizeof(CellRecord)));
}

void CellRecords::open() {
  table_ = reinterpret_cast<CellRecord*>(file_.bytes());
}

void CellRecords::append_from(const std::filesystem::path& file, std::span<const std::int32_t> units) {
  constexpr std::int64_t kAtATime = std::int64_t{1} << 14;
  const auto refuse = [&](const char* found) {
    throw InputError({.where = file.string(), .found = found, .expected = "the cells of one source", .advice = "run again"});
  };
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse("a file that cannot be read");
  std::vector<CellRecord> block(kAtATime);
  while (stream) {
    stream.read(reinterpret_cast<char*>(block.data()), kAtATime * static_cast<std::streamsize>(sizeof(CellRecord)));
    block.resize(static_cast<std::size_t>(stream.gcount()) / sizeof(CellRecord));
    for (auto& record : block) {
      if (record.unit < 0 || record.unit >= std::ssize(units)) refuse("a cell of no unit");
      record.unit = units[record.unit];
    }
    append(block);
  }
  if (stream.bad()) refuse("a file that cannot be read");
}

void CellRecords::each_unit(std::int64_t n_units,
                            const std::function<void(std::int32_t, const std::vector<std::int64_t>&)>& work) const {
  constexpr std::int64_t kAtOnce = std::int64_t{1} << 21;  // 16 MiB of numbers; more when one unit has more
  std::vector<std::int64_t> n_cells(static_cast<std::size_t>(n_units));
  for (std::int64_t i = 0; i < size(); ++i) ++n_cells[table_[i].unit];
  for (std::int64_t first = 0, last = 0; first < n_units; first = last) {
    std::int64_t n = 0;
    for (last = first; last < n_units && (last == first || n + n_cells[last] <= kAtOnce); ++last) n += n_cells[last];
    std::vector<std::vector<std::int64_t>> numbers(static_cast<std::size_t>(last - first));
    for (std::int64_t i = 0; i < size(); ++i)
      if (table_[i].unit >= first && table_[i].unit < last) numbers[table_[i].unit - first].push_back(i);
    for (std::int64_t u = first; u < last; ++u) work(static_cast<std::int32_t>(u), numbers[u - first]);
  }
}

void judge_by_mads(CellRecords& records, std::int64_t n_units, const PrepareOptions& options) {
  records.each_unit(n_units, [&](std::int32_t, const std::vector<std::int64_t>& numbers) {
    std::vector<CellQuality> cells;
    cells.reserve(numbers.size());
    for (const auto i : numbers) cells.push_back(records[i].quality());
    const QualityBounds bounds = fit_mad_bounds(cells, options.mads, options);
    for (const auto i : numbers) {
      records[i].verdict = judge_quality(records[i].quality(), bounds);
      records[i].kept = records[i].verdict == QualityVerdict::passes;
    }
  });
}

std::vector<std::vector<std::int64_t>> count_passing(const CellRecords& records, std::int64_t n_units,
                                                     const std::vector<QualityVerdict>& order) {
  std::vector<std::vector<std::int64_t>> counts(order.size(), std::vector<std::int64_t>(static_cast<std::size_t>(n_units)));
  for (std::int64_t i = 0; i < records.size(); ++i) {
    const auto failed = std::find(order.begin(), order.end(), records[i].verdict) - order.begin();
    for (std::ptrdiff_t k = 0; k < failed; ++k) ++counts[k][records[i].unit];
  }
  return counts;
}

QualitySummary summarise_quality(const CellRecords& records, const std::vector<std::string>& units) {
  QualitySummary summary{.units = units};
  records.each_unit(std::ssize(units), [&](std::int32_t, const std::vector<std::int64_t>& numbers) {
    const auto add = [&](QualitySummary::Stage& stage, bool kept_only) {
      std::vector<double> totals, n_genes, mito;
      for (const auto i : numbers) {
        if (kept_only && !records[i].kept) continue;
        totals.push_back(records[i].total);
        n_genes.push_back(static_cast<double>(records[i].n_genes));
        mito.push_back(records[i].mito_percent);
      }
      stage.total.push_back(make_quality_box(std::move(totals)));
      stage.n_genes.push_back(make_quality_box(std::move(n_genes)));
      stage.mito_percent.push_back(make_quality_box(std::move(mito)));
    };
    add(summary.before, false);
    add(summary.after, true);
  });
  return summary;
}

}  // namespace cellverdict
