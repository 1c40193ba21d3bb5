#pragma once
// The learning rate of each step: warm-up from zero, then as [train] schedule says (transformers' get_scheduler).

#include <cellverdict/train/options.h>

#include <cstdint>

namespace cellverdict {

// Share of the learning rate for a step, counted from 0, of `n_steps`. After the warm-up: "constant" 1; "linear" to zero at the
// last; "polynomial" of power 1 to 1e-7 of what the rate began with, as transformers' default; "cosine" half a wave to zero.
double schedule_factor(const TrainOptions& options, std::uint64_t step, std::uint64_t n_steps);

// Throws UsageError for a warm-up longer than the training.
void check_schedule(const TrainOptions& options, std::uint64_t n_steps);

}  // namespace cellverdict
