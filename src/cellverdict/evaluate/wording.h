#pragma once
// What must be said about an evaluation, in words: before any number, as warnings, and as the verdict.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/split/cohort.h>

namespace cellverdict {

// Fills first_lines, warnings and verdict from the numbers that are there.
void word_evaluation(const CohortRoles& roles, Evaluation& evaluation);

}  // namespace cellverdict
