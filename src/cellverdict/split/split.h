#pragma once
// Who is training, validation and test. The first thing that happens to prepared cells: nothing is fitted before it.

#include <cellverdict/base/option_table.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/split/side.h>
#include <cellverdict/split/views.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct SplitOptions {
  std::string scheme = "group";    // people new to the model is the question we exist for
  std::string by;                  // matched, group, lists: the obs column the values below are of (default: donor, donor, unit)
  std::vector<std::string> train;  // these values; empty: everything else
  std::vector<std::string> validation;  // values of `by`; empty: a random part, or none for lists and matched
  std::vector<std::string> test;        // values of `by`; empty: a random part (not for lists and matched)
  double validation_fraction = 0.2;     // of groups, units or cells, within each class; 0: no validation side
  double test_fraction = 0.2;
  std::string where;  // of each side only these cells are taught and asked, as [data] where; the sides are dealt before
};
const OptionTable<SplitOptions>& split_options();

// A column with more values is a measurement, not names: no rule and no class for each of them.
inline constexpr std::int64_t kMostNamedValues = 1000;

// How the note begins that says what only() left.
inline constexpr const char* kNarrowed = "Of each side only the cells where ";

struct CvOptions;
struct FoldedTest;

class Split {
 public:
  // Throws UsageError for unknown columns or values (naming the nearest) and DataError for a side that is empty or has one class, a
  // matched value that lacks a class, or a unit that would be torn. Depends on options, cohort and seed alone.
  static Split make(const RunContext& context, std::shared_ptr<const Cohort> cohort, const SplitOptions& options);

  TrainView train() const { return TrainView(cohort_, rows(Side::train)); }
  std::optional<ValidationView> validation() const;  // absent: fixed epochs, threshold 0.5, temperature 1
  TestView test() const { return TestView(cohort_, rows(Side::test)); }
  const SplitSummary& summary() const { return summary_; }

  // The same sides with those cells alone that `where` names (table/row_filter.h; empty: all), described and checked anew. Throws
  // as make() does, and UsageError for an expression that names nothing.
  Split only(const std::string& where) const;
  // As dealt, before only().
  const Split& whole() const { return whole_ ? *whole_ : *this; }
  // Of the whole test side those cells, for one more question to a model; there may be none.
  TestView test(const std::string& where) const;
  // Where those stand in the whole test side, as places in whole().test().
  std::vector<std::int64_t> places_in_test(const std::string& where) const;
  // Those cells of all sides, of the test side too. For what looks at no label and says so: the result is about cells it has seen.
  TrainView transductive(const std::string& where) const;

  // Distinct values of an obs column over all sides: names of classes, not measurements. Throws UsageError for an unknown
  // column and DataError for one of more than kMostNamedValues.
  std::vector<std::string> values(const std::string& column, const std::string& where) const;

 private:
  friend std::vector<Split> make_folds(const RunContext& context, std::shared_ptr<const Cohort> cohort, const SplitOptions& split,
                                       const CvOptions& cv);
  friend FoldedTest join_tests(const std::vector<Split>& folds, const std::string& where);

  Split() = default;
  // Checks the sides and describes them. `summary` comes with what is known of the scheme.
  static Split of_sides(std::shared_ptr<const Cohort> cohort, std::vector<Side> sides, SplitSummary summary);
  std::vector<std::int64_t> rows(Side side) const;
  std::vector<std::int64_t> test_rows(const std::string& where) const;  // as test(where)

  std::shared_ptr<const Cohort> cohort_;
  std::vector<Side> side_;              // [cells]
  std::shared_ptr<const Split> whole_;  // as it was before only(); null: the same
  SplitSummary summary_;
};

// Class × side × unit, as text for the terminal.
std::string split_table(const SplitSummary& summary);

}  // namespace cellverdict
