#pragma once
// Cross-validation: every unit is test exactly once. A fold is a Split of its own; nothing fitted in one is seen by another.

#include <cellverdict/split/split.h>

#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

struct CvOptions {
  std::string scheme = "none";
  std::string by;          // obs column whose values stay together (default: donor); of `matched`: the column that is held out
  std::int64_t folds = 5;  // of group, stratified-group and k-fold
};
const OptionTable<CvOptions>& cv_options();

// The folds of a cohort under [cv], their validation sides drawn as [split] validation_fraction says, or, under `matched`, the next
// value in turn. Throws UsageError for lists of [split] that would contradict them and DataError when a fold could not be taught
// (training without one of the classes), when there are fewer groups than folds, or when no value has units of every class.
std::vector<Split> make_folds(const RunContext& context, std::shared_ptr<const Cohort> cohort, const SplitOptions& split,
                              const CvOptions& cv);

// The test cells of all folds as one view, fold after fold: those of fold f are [ends[f - 1], ends[f]).
struct FoldedTest {
  TestView cells;
  std::vector<std::int64_t> ends;
};
// With `where`: of the whole test sides those cells (Split::test); there may be none.
FoldedTest join_tests(const std::vector<Split>& folds, const std::string& where = "");

// Who was tested (each unit once) and who always taught.
SplitSummary summary_of_folds(const std::vector<Split>& folds);

}  // namespace cellverdict
