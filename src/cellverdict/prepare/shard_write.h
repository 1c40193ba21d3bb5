#pragma once
// Pass 1 of preparation, the writing half: the kept rows of one source, in the order of its file, become a shard, and are summed
// per unit.

#include <cellverdict/prepare/read_cells.h>
#include <cellverdict/prepare/unit_sums.h>

#include <filesystem>

namespace cellverdict {

struct ShardRequest {
  const RunContext& context;
  const StoreRequest& request;
  const CellPlan& plan;
  std::size_t source = 0;
  const LabelledSource& opened;  // for the names of its cells and its annotations
};

// Gives how many rows were written; without any there is no shard. `spool` must be open; its genes may become a
// part of the shard.
std::int64_t write_shard(const ShardRequest& request, const std::filesystem::path& path, RowSpool& spool,
                         const CellRecords& records, UnitSums& sums);

}  // namespace cellverdict
