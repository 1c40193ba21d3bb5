#include <cellverdict/prepare/cell_records.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/scratch_array.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <optional>

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
                            const std::function<void(std::int32_t, std::span<const std::int64_t>)>& work) const {
  std::vector<std::int64_t> next(static_cast<std::size_t>(n_units) + 1);  // where the numbers of each unit begin
  for (std::int64_t i = 0; i < size(); ++i) ++next[table_[i].unit + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  ScratchArray<std::int64_t> file(folder_, size());
  const std::span<std::int64_t> numbers = file.open();
  for (std::int64_t i = 0; i < size(); ++i) numbers[next[table_[i].unit]++] = i;
  for (std::int64_t u = 0, begin = 0; u < n_units; begin = next[u++])  // each now ends where the next begins
    work(static_cast<std::int32_t>(u), numbers.subspan(begin, next[u] - begin));
}

namespace {

// Room for so many columns of one number a cell of a unit; units come one after the other.
class UnitRoom {
 public:
  UnitRoom(const CellRecords& records, std::int64_t n_units, std::int64_t n_columns) : n_columns_(n_columns) {
    std::vector<std::int64_t> n_cells(static_cast<std::size_t>(n_units));
    for (std::int64_t i = 0; i < records.size(); ++i) ++n_cells[records[i].unit];
    const std::int64_t most = n_cells.empty() ? 0 : *std::max_element(n_cells.begin(), n_cells.end());
    file_.emplace(records.folder(), most * n_columns);
    all_ = file_->open();
  }
  std::span<double> column(std::int64_t which) const {
    return all_.subspan(which * (all_.size() / n_columns_), all_.size() / n_columns_);
  }

 private:
  std::int64_t n_columns_;
  std::optional<ScratchArray<double>> file_;
  std::span<double> all_;
};

}  // namespace

void judge_by_mads(CellRecords& records, std::int64_t n_units, const PrepareOptions& options) {
  const UnitRoom room(records, n_units, 4);
  records.each_unit(n_units, [&](std::int32_t, std::span<const std::int64_t> numbers) {
    const auto column = [&](std::int64_t which) { return room.column(which).first(numbers.size()); };
    const UnitQuality cells{.totals = column(0), .n_genes = column(1), .mito_percent = column(2), .spare = column(3)};
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      const CellRecord& record = records[numbers[k]];
      cells.totals[k] = record.total;
      cells.n_genes[k] = static_cast<double>(record.n_genes);
      cells.mito_percent[k] = record.mito_percent;
    }
    const QualityBounds bounds = fit_mad_bounds_in_place(cells, options.mads, options);
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
  const UnitRoom room(records, std::ssize(units), 1);
  records.each_unit(std::ssize(units), [&](std::int32_t, std::span<const std::int64_t> numbers) {
    const std::span<double> values = room.column(0);
    const auto box = [&](bool kept_only, auto&& measure) {
      std::size_t n = 0;
      for (const auto i : numbers)
        if (!kept_only || records[i].kept) values[n++] = measure(records[i]);
      return sort_into_quality_box(values.first(n));
    };
    const auto add = [&](QualitySummary::Stage& stage, bool kept_only) {
      stage.total.push_back(box(kept_only, [](const CellRecord& cell) { return cell.total; }));
      stage.n_genes.push_back(box(kept_only, [](const CellRecord& cell) { return static_cast<double>(cell.n_genes); }));
      stage.mito_percent.push_back(box(kept_only, [](const CellRecord& cell) { return cell.mito_percent; }));
    };
    add(summary.before, false);
    add(summary.after, true);
  });
  return summary;
}

}  // namespace cellverdict
