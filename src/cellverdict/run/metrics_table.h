#pragma once
// metrics.tsv and folds.tsv: the numbers of an evaluation for other programs.

#include <cellverdict/evaluate/evaluation.h>

#include <string>

namespace cellverdict {

// metric, over (units, cells), estimate, low, high, method, why_not, drawings, mean, sd, lowest, highest over drawings of cells;
// the last five empty where no cells are drawn. SD over drawings is no interval.
std::string metrics_as_tsv(const Evaluation& evaluation);

// One line a fold of a cross-validation: what it held out, who was tested and how it went. Empty for a single split.
std::string folds_as_tsv(const Evaluation& evaluation);

}  // namespace cellverdict
