#pragma once
// The schemes: a side for every cell. Checks of the result are split.cpp's.

#include <cellverdict/split/split.h>

namespace cellverdict {

// Cells drawn without regard to who they are from, within each class.
std::vector<Side> assign_random_cells(const Cohort& cohort, const SplitOptions& options, std::uint64_t seed);

// Whole groups (`group` [cells] indexes `names`) drawn within each class. Throws DataError when a class has too few groups.
std::vector<Side> assign_random_groups(const Cohort& cohort, const std::vector<std::string>& names,
                                       const std::vector<std::int32_t>& group, const SplitOptions& options, std::uint64_t seed);

// `lists`, `matched` and `group`: by the values of a column, listed or drawn.
std::vector<Side> assign_groups(const Cohort& cohort, const Column& column, const std::string& by, const SplitOptions& options,
                                std::uint64_t seed, std::vector<std::string>& notes);

}  // namespace cellverdict
