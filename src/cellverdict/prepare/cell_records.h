#pragma once
// Pass 1 of preparation: what was measured of every cell that may enter the store, in a scratch file (48 bytes a cell, none of them
// private memory), and what is made of it: verdicts, numbers of cells at each stage, quality per unit.

#include <cellverdict/base/scratch_file.h>
#include <cellverdict/prepare/quality.h>
#include <cellverdict/table/quality_summary.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct CellRecord {
  std::int64_t cell = 0;  // row of its source
  double total = 0;
  std::int64_t n_genes = 0;
  double mito_percent = 0;
  std::uint64_t fingerprint = 0;  // of its counts; see duplicates.h
  std::int32_t unit = 0;
  QualityVerdict verdict = QualityVerdict::passes;
  bool kept = false;
  std::uint16_t unused = 0;  // so that no byte of a record is left to chance: parts keep records as they are

  CellQuality quality() const { return {total, n_genes, mito_percent}; }
};
static_assert(sizeof(CellRecord) == 48);

class CellRecords {
 public:
  explicit CellRecords(const std::filesystem::path& path) : folder_(path.parent_path()), file_(path) {}

  const std::filesystem::path& folder() const { return folder_; }  // for other scratch files

  std::int64_t size() const { return file_.size() / static_cast<std::int64_t>(sizeof(CellRecord)); }
  void append(const std::vector<CellRecord>& records);
  // After the last append all can be read and changed.
  void open();
  CellRecord& operator[](std::int64_t i) { return table_[i]; }
  const CellRecord& operator[](std::int64_t i) const { return table_[i]; }

  // Those of a part behind the ones that are there, its units numbered as the study numbers them. Throws InputError when the file
  // cannot be read or names a unit that the part has not.
  void append_from(const std::filesystem::path& file, std::span<const std::int32_t> units);
  // Leaves the file where it is; the records can still be read.
  void keep() { file_.give_away(); }

  // Calls work(unit, numbers of its records, ascending) for each unit.
  void each_unit(std::int64_t n_units, const std::function<void(std::int32_t, std::span<const std::int64_t>)>& work) const;

 private:
  std::filesystem::path folder_;
  ScratchFile file_;
  CellRecord* table_ = nullptr;
};

// By median absolute deviations within each unit, and the fixed bounds.
void judge_by_mads(CellRecords& records, std::int64_t n_units, const PrepareOptions& options);

// [verdicts in the order they are asked for][units]: cells that no bound so far has dropped.
std::vector<std::vector<std::int64_t>> count_passing(const CellRecords& records, std::int64_t n_units,
                                                     const std::vector<QualityVerdict>& order);

// Before: all records. After: those that are kept.
QualitySummary summarise_quality(const CellRecords& records, const std::vector<std::string>& units);

}  // namespace cellverdict
