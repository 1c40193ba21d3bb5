#pragma once
// Opens the test side for [[evaluate.set]]: what the trained net, and simple models, say of further cells of it.

#include <cellverdict/run/opened_fold.h>

#include <vector>

namespace cellverdict {

// The test side itself first, as "test". None where no set is asked for. Throws DataError for a set without a cell.
std::vector<SetResult> ask_sets(const RunContext& context, const VariantRun& variant, const std::vector<OpenedFold>& folds);

}  // namespace cellverdict
