#include <cellverdict/prepare/read_cells.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/genes/mitochondrial.h>
#include <cellverdict/prepare/duplicates.h>
#include <cellverdict/prepare/value_state.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlockEntries = std::int64_t{1} << 21;  // read at a time: 16 MiB
constexpr std::int64_t kPartRows = 64;                         // measured by one thread at a time

// Rows of a block that one thread measures and packs.
struct Part {
  std::vector<CellRecord> records;
  PackedRows packed;
  CsrBlock row;            // in the genes of the plan
  bool fractions = false;  // or negative values
  void clear() {
    records.clear();
    packed.clear();
    fractions = false;
  }
};

// Some hundred cells.
CsrBlock first_rows(const CsrBlock& block) {
  CsrBlock head;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(block.n_rows(), 512); ++i) {
    const CsrRow row = block.row(i);
    for (std::size_t k = 0; k < row.genes.size(); ++k) head.push(row.genes[k], row.values[k]);
    head.end_row();
  }
  return head;
}

enum class Values { counts_16_bit, counts, other };

Values look_at_values(std::span<const float> values) {
  int odd = 0;  // written so that the compiler looks at many at a time; std::floor would be a call for each
  for (const float x : values)
    odd |= static_cast<int>(static_cast<float>(static_cast<int>(std::min(std::max(0.F, x), 65535.F))) != x);
  if (odd == 0) return Values::counts_16_bit;
  std::int64_t fractions = 0;
  float largest = 0;
  for (const float x : values) {
    fractions += x < 0 || x != std::floor(x) ? 1 : 0;
    largest = std::max(largest, x);
  }
  return fractions > 0 ? Values::other : largest <= 65535 ? Values::counts_16_bit : Values::counts;
}

class Reader {
 public:
  Reader(const CellReading& reading, std::size_t s, const LabelledSource& opened)
      : reading_(reading),
        planned_(reading.plan.sources[s]),
        opened_(opened),
        bounds_(fixed_bounds(reading.request.prepare)),
        same_genes_(opened.head.genes.ids == reading.plan.genes.ids),
        all_genes_(!same_genes_ && reading.request.prepare.library_size == "all"),
        values_(planned_.path.string(), reading.request.prepare, opened.head.layers) {
    if (!same_genes_) target_ = reading.plan.match(opened.head.genes).target;
    if (all_genes_) mitochondrial_ = numbers_of(mitochondrial_genes(opened.head.genes));
  }

  ValueState read(CellRecords& records, RowSpool& spool) {
    const SourceHead& head = opened_.head;
    const std::int64_t block_rows =
        head.n_nonzero > 0 ? std::clamp<std::int64_t>(kBlockEntries * head.n_cells / head.n_nonzero, kPartRows, 16384) : 1024;
    CsrBlock block;
    while (opened_.source->read_block(block_rows, block)) {
      measure(block, records.size(), spool);
      check_values(block);
      for (auto& part : parts_) records.append(part.records);
      append_to(spool);
      reading_.context.progress("read " + planned_.file.name, block.first_row + block.n_rows(), head.n_cells);
      if (reading_.context.stopping())
        throw Interrupted({.where = "reading " + planned_.file.name,
                           .found = "an interrupt",
                           .expected = "",
                           .advice = reading_.when_interrupted});
    }
    spool.finish();
    return values_.state();
  }

 private:
  void measure(const CsrBlock& block, std::int64_t first_record, const RowSpool& spool) {
    parts_.resize(static_cast<std::size_t>((block.n_rows() + kPartRows - 1) / kPartRows));
    parallel_for(std::ssize(parts_), reading_.context.threads, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        parts_[p].clear();
        for (std::int64_t i = p * kPartRows; i < std::min((p + 1) * kPartRows, block.n_rows()); ++i)
          if (const std::int32_t unit = planned_.units[block.first_row + i]; unit >= 0)
            measure_row(block.row(i), block.first_row + i, unit, spool, parts_[p]);
      }
    });
    for (auto& part : parts_) {
      for (auto& row : part.packed.rows) row.cell += first_record;
      first_record += std::ssize(part.records);
    }
  }

  void measure_row(CsrRow counts, std::int64_t cell, std::int32_t unit, const RowSpool& spool, Part& part) const {
    const Values values = look_at_values(counts.values);
    part.fractions = part.fractions || values == Values::other;
    CellQuality quality;
    if (all_genes_) quality = measure_quality(counts, mitochondrial_);
    if (!same_genes_) counts = in_plan_genes(counts, part.row);
    if (!all_genes_) quality = measure_quality(counts, reading_.mitochondrial);
    CellRecord record{.cell = cell,
                      .total = quality.total,
                      .n_genes = quality.n_genes,
                      .mito_percent = quality.mito_percent,
                      .fingerprint = fingerprint_of(counts, quality.total),
                      .unit = unit,
                      .verdict = judge_quality(quality, bounds_)};
    record.kept = record.verdict == QualityVerdict::passes;
    if (record.kept || reading_.judge_later)
      spool.pack(std::ssize(part.records), counts, values == Values::counts_16_bit, part.packed);
    part.records.push_back(record);
  }

  CsrRow in_plan_genes(const CsrRow& counts, CsrBlock& row) const {
    row.clear();
    for (std::size_t k = 0; k < counts.genes.size(); ++k)
      if (const std::int32_t g = target_[counts.genes[k]]; g >= 0) row.push(g, counts.values[k]);
    row.sort_from(0);  // sources may list the genes in different orders
    return {row.indices, row.values};
  }

  // What the values are is judged once, and again where some are no counts.
  void check_values(const CsrBlock& block) {
    const bool fractions = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.fractions; });
    const auto see = [this](const CsrBlock& cells) {
      if (const std::string note = values_.see(cells); !note.empty()) reading_.warn(note);
    };
    if (!seen_ && !block.values.empty()) {
      see(first_rows(block));
      seen_ = true;
    }
    if (!fractions) return;
    see(block);
    for (std::int64_t i = 0; i < block.n_rows(); ++i)
      if (planned_.units[block.first_row + i] >= 0 && std::ranges::any_of(block.row(i).values, [](float x) { return x < 0; }))
        refuse_negative(block.row(i), planned_.path.string(), opened_.head.cell_name(block.first_row + i), opened_.head.genes);
  }

  void append_to(RowSpool& spool) {
    packed_.resize(parts_.size());
    for (std::size_t p = 0; p < parts_.size(); ++p) std::swap(packed_[p], parts_[p].packed);
    spool.append(packed_, reading_.context.threads);
    for (std::size_t p = 0; p < parts_.size(); ++p) std::swap(packed_[p], parts_[p].packed);
  }

  const CellReading& reading_;
  const PlannedSource& planned_;
  const LabelledSource& opened_;
  QualityBounds bounds_;
  bool same_genes_, all_genes_;              // quality and library size over all genes of the file, not over the plan's
  std::vector<std::int32_t> mitochondrial_;  // of all genes
  bool seen_ = false;
  std::vector<std::int32_t> target_;  // [genes of the source] gene of the plan, -1: none
  ValueWatch values_;
  std::vector<Part> parts_;
  std::vector<PackedRows> packed_;
};

}  // namespace

ValueState read_cells(const CellReading& reading, std::size_t s, const LabelledSource& opened, CellRecords& records,
                      RowSpool& spool) {
  const PlannedSource& planned = reading.plan.sources[s];
  const Stopwatch watch;
  const ValueState state = Reader(reading, s, opened).read(records, spool);
  reading.context.log(fmt::format("read      {:<24} {:>9} cells  {:>7} {}  {:>6} genes  {:.1f} s", planned.file.name,
                                  with_commas(std::ssize(planned.units)), with_commas(spool.n_rows()),
                                  reading.judge_later ? "measured" : "kept", with_commas(reading.plan.genes.size()),
                                  watch.seconds()));
  return state;
}

}  // namespace cellverdict
