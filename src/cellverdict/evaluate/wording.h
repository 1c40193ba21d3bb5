#pragma once
// What must be said about an evaluation, in words: before any number, as warnings, and as the verdict.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/split/cohort.h>

namespace cellverdict {

// "day, batch and site"; empty for none.
std::string joined_in_words(const std::vector<std::string>& items);

// Fills first_lines, warnings, answer and verdict from the numbers that are there. `covariates`: what the rival of that name knows.
void word_evaluation(const CohortRoles& roles, const std::vector<std::string>& covariates, Evaluation& evaluation);

}  // namespace cellverdict
