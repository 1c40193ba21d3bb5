#pragma once
// At most so many cells of each unit, drawn by lot.

#include <cellverdict/prepare/cell_plan.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// The cell's lot: of a unit, the cells with the smallest lots are drawn. Depends on seed, unit, source and the cell's place in it
// alone: the same cells whatever else is in the study, and lots of their own for the two files of one unit.
std::uint64_t lot_of_cell(std::uint64_t seed, const std::string& unit, const std::string& source, std::int64_t cell);

// The greatest lot that is drawn when `most` of these are; everything when they are no more. Leaves them in another order.
std::uint64_t greatest_lot_drawn(std::span<std::uint64_t> lots, std::int64_t most);

// Leaves out all but `most` cells of each unit (0: none); gives how many each has then.
std::vector<std::int64_t> draw_cells(std::uint64_t seed, std::int64_t most, CellPlan& plan);

}  // namespace cellverdict
