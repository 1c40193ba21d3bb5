#pragma once
// The schemes: a side for every cell. Checks of the result are split.cpp's.

#include <cellverdict/split/split.h>

namespace cellverdict {

// Cells drawn without regard to who they are from, within each class.
std::vector<Side> assign_random_cells(const Cohort& cohort, const SplitOptions& options, std::uint64_t seed);

// Whole units drawn within each class, those with cells of several classes as a stratum of their own. Throws DataError when a class
// has too few.
std::vector<Side> assign_random_units(const Cohort& cohort, const SplitOptions& options, std::uint64_t seed);

// `lists`, `matched` and `group`: by the values of a column, listed or drawn.
std::vector<Side> assign_groups(const Cohort& cohort, const Column& column, const std::string& by, const SplitOptions& options,
                                std::uint64_t seed, std::vector<std::string>& notes);

}  // namespace cellverdict
