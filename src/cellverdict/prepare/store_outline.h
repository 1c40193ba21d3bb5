#pragma once
// A store as far as a split needs it: who is there and how many, not cell by cell. What `cellverdict prepare` shows is made of it,
// in memory that does not grow with the number of cells.

#include <cellverdict/prepare/sources.h>
#include <cellverdict/split/cohort.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// A cohort whose rows are the cells alike in label, unit, donor and `columns`, in the order of their first cell. It knows no
// counts, no totals and no names. Any other column has the value that all cells of a unit and class share, and is missing
// everywhere where some of them differ: a property of cells. Splits of whole groups, and what is said of whole units, are those of
// read_store. Nothing when there are more than kMostOutlineRows rows. Throws what read_store throws.
constexpr std::int64_t kMostOutlineRows = std::int64_t{1} << 16;
std::optional<Cohort> read_store_outline(const std::filesystem::path& folder, const DataOptions& data,
                                         const std::vector<std::string>& columns);

}  // namespace cellverdict
