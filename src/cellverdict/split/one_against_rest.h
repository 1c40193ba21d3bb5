#pragma once
// A column as classes, where one value may be held against all others together: normal or not.

#include <cellverdict/split/cohort.h>

namespace cellverdict {

// Of `against` = "": codes_of (cohort.h). Else 0 for the rows of that value, which is the first of `values`, 1 for those of any
// other, -1 for missing ones.
std::vector<std::int32_t> codes_against_rest(const Column& column, const std::vector<std::string>& values,
                                             const std::string& against);

}  // namespace cellverdict
