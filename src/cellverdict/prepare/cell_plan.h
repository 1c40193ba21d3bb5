#pragma once
// Pass 1 of preparation, before any count is read: the gene space of all sources, the units, and which cells may enter the store.
// A cell costs four bytes here.

#include <cellverdict/genes/match.h>
#include <cellverdict/prepare/store.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

constexpr std::int32_t kLeftOut = -1;

struct PlannedSource {
  SourceFile file;
  std::filesystem::path path;  // what errors point at
  std::vector<std::filesystem::path> files;
  std::vector<std::int32_t> units;  // [cells] number of the unit, or kLeftOut: by where, classes, a missing label, or not drawn
};

struct CellPlan {
  GeneList genes;          // every source is brought to these
  bool by_symbol = false;  // where a source's ids say nothing: a panel of symbols
  std::vector<std::string> units;
  std::vector<PlannedSource> sources;
  std::vector<std::pair<std::filesystem::path, FileStamp>> files;  // of all sources, as they were when they were opened
  std::vector<std::int64_t> in_files, labelled;                    // [units] cells
  std::vector<std::string> notes;

  // Which of the plan's genes each gene of a source is.
  GeneMatch match(const GeneList& of_source) const {
    return by_symbol ? match_genes(of_source, genes) : match_ids(of_source, genes);
  }
};

// Opens every source once. Throws InputError, UsageError and DataError (no shared gene, a cell without a unit, …).
CellPlan plan_cells(const RunContext& context, const StoreRequest& request);

// The cell's lot: of a unit, the cells with the smallest lots are drawn. Depends on seed, unit, source and the cell's place in it
// alone: the same cells whatever else is in the study, and lots of their own for the two files of one unit.
std::uint64_t lot_of_cell(std::uint64_t seed, const std::string& unit, const std::string& source, std::int64_t cell);

// The greatest lot that is drawn when `most` of these are; everything when they are no more.
std::uint64_t greatest_lot_drawn(std::vector<std::uint64_t> lots, std::int64_t most);

// Leaves out all but `most` cells of each unit (0: none); gives how many each has then.
std::vector<std::int64_t> draw_cells(std::uint64_t seed, std::int64_t most, CellPlan& plan);

}  // namespace cellverdict
