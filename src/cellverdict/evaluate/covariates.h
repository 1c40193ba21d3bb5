#pragma once
// The covariate-only baseline: what a rule that knows nothing but, say, the day would score. Fitted on training units, scored on
// test. Where it does well, or inverts, the model's own score is not about the label alone.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/split/views.h>

#include <string>

namespace cellverdict {

// P(class | value) among training units; values that training never saw get the training prevalence.
// Throws DataError for more than kMostNamedValues values.
CovariateBaseline evaluate_covariate(const TrainView& train, const TestView& test, const std::string& covariate);

}  // namespace cellverdict
