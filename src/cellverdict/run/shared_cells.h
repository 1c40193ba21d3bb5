#pragma once
// Whether cells of one run are among those another run's model was taught: the same counts of the genes that both have, whatever
// the cells and their units are called.

#include <cellverdict/base/run_context.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace cellverdict {

struct SharedCells {
  std::int64_t n_looked_at = 0;    // cells asked about
  std::int64_t n_shared = 0;       // of these, found among the others
  std::int64_t n_genes = 0;        // that both have
  std::vector<std::string> units;  // asked about, that have such cells, sorted
};

// `asked`: cells of units in `units` alone. Memory: 16 bytes for each of them.
SharedCells find_shared_cells(const RunContext& context, const std::vector<CellView>& asked, const std::set<std::string>& units,
                              const std::vector<CellView>& among);

}  // namespace cellverdict
