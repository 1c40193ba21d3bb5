#pragma once
// Cells that are in a study twice under the name of two units: a sample deposited with two studies, or an atlas beside one of its
// parts. Held out under one name and taught under the other, they make any model look good.

#include <cellverdict/prepare/cell_records.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// The same for the same counts of the same genes. Looks at 64 of them and at their total: two cells that differ somewhere else and
// share all this are not met with.
std::uint64_t fingerprint_of(const CsrRow& counts, double total);

struct DuplicateCells {
  std::int32_t unit_a = 0, unit_b = 0;  // a < b
  std::int64_t n_cells = 0;             // in both
};

// Cells of fewer genes than this say too little to be known again.
constexpr std::int64_t kFewestGenesKnownAgain = 50;

// The most cells first. Some tens of MiB at a time, however many cells there are. `records` must be open.
std::vector<DuplicateCells> find_duplicates(const CellRecords& records);

// One sentence for a warning; empty when there are none.
std::string say_duplicates(const std::vector<DuplicateCells>& found, const std::vector<std::string>& units);

}  // namespace cellverdict
