#pragma once
// The stages of one variant. Each writes its result whole, notes the key of what it was made from, and is skipped when a result
// with the same key is there.

#include <cellverdict/prepare/store.h>
#include <cellverdict/run/study.h>
#include <cellverdict/train/classifier.h>

namespace cellverdict {

// In the run folder: the sources that an interrupted preparation was done with.
constexpr const char* kPartsFolder = "store.parts";

struct VariantRun {
  Experiment experiment;
  std::filesystem::path run;     // the run folder
  std::filesystem::path folder;  // of the variant; the run folder itself when the experiment has none
  std::filesystem::path store;
  std::string store_key;
  std::string train_key;
  std::vector<ConfoundingRow> confounding;  // of its cohort; split_cohort fills it
};

// The variants of a study that are done, and what they can share with the next.
struct StudySoFar {
  std::filesystem::path out;  // the run folder
  std::vector<VariantRun> done;
  FileDigests digests;
};

// Pass 1, unless a store with the same key is there, in the run folder or made for an earlier variant. Throws InputError when an
// input changes while it is read.
void prepare_store(const RunContext& context, VariantRun& variant, StudySoFar& study);

// One model and who teaches and tests it: the variant itself, or one fold of its cross-validation with a folder of its own.
struct FoldRun {
  std::filesystem::path folder;
  Split split;
  std::shared_ptr<const Cohort> cohort;  // of the variant
  std::string train_key;
};

// One split, or the folds of [cv].
std::vector<Split> make_splits(const RunContext& context, const std::shared_ptr<const Cohort>& cohort,
                               const Experiment& experiment);

// The split, or the folds, written as split.tsv: who is tested when. Where nothing is to follow it (`last` is prepare) the cohort
// is an outline, if the split allows it: cells without counts, those that are alike as one.
std::vector<FoldRun> split_cohort(const RunContext& context, VariantRun& variant, Stage last);
// The split, or all folds together: every unit tested once.
SplitSummary summary_of(const std::vector<FoldRun>& folds);
std::string table_of(const std::vector<FoldRun>& folds);

// Takes away what was made from another configuration of the variant.
void forget_results(const VariantRun& variant);

// Fits preparation and net, of a sweep those of every candidate, the best on validation kept; settles threshold and temperature on
// validation.
void train_model(const RunContext& context, const VariantRun& variant, FoldRun& fold, bool resume);

// What train_model fits, held in memory and written nowhere: for fits that are repeated on dealt labels.
Classifier fit_model(const RunContext& context, const Experiment& experiment, const Split& split);

// Classes of the extra heads: the values of their columns in the whole cohort. Throws UsageError for an unknown column or value and
// DataError for a column of one value.
std::vector<std::vector<std::string>> classes_of_heads(const Split& split, const ModelOptions& model);

// In the folder of a fold: the net after each epoch, where [[evaluate.set]] asks for learning curves.
inline constexpr const char* kEpochsFolder = "epochs";

// Opens the test side.
Evaluation evaluate_model(const RunContext& context, VariantRun& variant, const std::vector<FoldRun>& folds);

}  // namespace cellverdict
