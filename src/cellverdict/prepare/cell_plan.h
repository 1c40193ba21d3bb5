#pragma once
// Pass 1 of preparation, before any count is read: the gene space of all sources, the units, and which cells may enter the store.
// The cells are gone through in pieces; what is kept of each, four bytes, lies in a scratch file.

#include <cellverdict/base/scratch_array.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/prepare/store.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

constexpr std::int32_t kLeftOut = -1;

struct PlannedSource {
  SourceFile file;
  std::filesystem::path path;  // what errors point at
  std::vector<std::filesystem::path> files;
  std::span<std::int32_t>
      units;  // [cells] of CellPlan::cell_units: number of the unit, or kLeftOut: by where, classes, a missing label, or not drawn
};

struct CellPlan {
  GeneList genes;          // every source is brought to these
  bool by_symbol = false;  // where a source's ids say nothing: a panel of symbols
  std::vector<std::string> units;
  std::vector<PlannedSource> sources;
  std::vector<std::pair<std::filesystem::path, FileStamp>> files;  // of all sources, as they were when they were opened
  std::vector<std::int64_t> in_files, labelled;                    // [units] cells
  std::vector<std::string> notes;
  std::filesystem::path scratch;                           // folder for scratch files of some bytes a cell
  std::unique_ptr<ScratchArray<std::int32_t>> cell_units;  // of all sources, one behind the other

  // Which of the plan's genes each gene of a source is.
  GeneMatch match(const GeneList& of_source) const {
    return by_symbol ? match_genes(of_source, genes) : match_ids(of_source, genes);
  }
};

// Opens every source once. `scratch`: a folder that lasts as long as the plan. Throws InputError, UsageError and DataError (no
// shared gene, a cell without a unit, …).
CellPlan plan_cells(const RunContext& context, const StoreRequest& request, const std::filesystem::path& scratch);

}  // namespace cellverdict
