#pragma once
// Pass 1 of preparation, the reading half: the rows of one source are measured by all threads as they come, and those that may stay
// are spooled. A few blocks of rows are in memory, whatever the number of cells.

#include <cellverdict/prepare/cell_plan.h>
#include <cellverdict/prepare/cell_records.h>
#include <cellverdict/prepare/row_spool.h>

#include <functional>
#include <string>

namespace cellverdict {

struct CellReading {
  const RunContext& context;
  const StoreRequest& request;
  const CellPlan& plan;
  std::vector<std::int32_t> mitochondrial;  // numbers of these genes
  bool judge_later = false;                 // spool cells outside the fixed bounds too
  std::string when_interrupted;             // what was kept, and how to go on
  std::function<void(const std::string&)> warn;
};

// Reads plan.sources[s] from `opened`; gives what its values are. `opened` has as many cells as were planned. Records are numbered
// from records.size() on. Throws InputError (damaged), DataError (no counts) and Interrupted.
ValueState read_cells(const CellReading& reading, std::size_t s, const LabelledSource& opened, CellRecords& records,
                      RowSpool& spool);

}  // namespace cellverdict
