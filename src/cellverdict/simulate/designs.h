#pragma once
// The two designs: who is measured, when, and in which batch. They fill the labels and libraries of a plan and nothing else.

#include <cellverdict/simulate/plan.h>

namespace cellverdict {

// Donors of two conditions, one library per donor and day. The donors of each label are dealt to the batches in turn, so that
// without confounding batch and label are as balanced as the numbers allow; with probability `confounding` a donor goes instead
// to a batch of its label (odd batches: diseased, even: control).
void plan_cohort(const SimulateOptions& options, std::uint64_t seed, StudyPlan& plan);

// The twelve libraries of GSE269705: one patient and one unaffected sister, days 0 to 30 of a differentiation, where most days
// were measured in the sister alone. Each library is its own batch.
void plan_lmna(StudyPlan& plan);

}  // namespace cellverdict
