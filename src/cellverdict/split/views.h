#pragma once
// Leakage is a type. Only a Split can make these views; a view hands out its own cells and no others.
//   fit_*                      takes a TrainView
//   choose_* and calibrate_*   take a ValidationView
//   evaluate                   alone takes a TestView
//   apply_* and predict_*      take any CellView

#include <cellverdict/split/cohort.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

class Split;

class CellView {
 public:
  std::int64_t n_cells() const { return static_cast<std::int64_t>(rows_.size()); }
  const GeneList& genes() const { return cohort_->table->genes(); }
  const std::vector<std::string>& classes() const { return cohort_->classes; }
  const CohortRoles& roles() const { return cohort_->roles; }

  // Of the view's i-th cell, 0 <= i < n_cells().
  void append_counts(std::int64_t i, CsrBlock& out) const { cohort_->table->append_row(rows_[i], out); }
  double total(std::int64_t i) const { return cohort_->table->total(rows_[i]); }
  std::int32_t label(std::int64_t i) const { return cohort_->label[rows_[i]]; }
  std::int32_t unit_number(std::int64_t i) const { return cohort_->unit[rows_[i]]; }  // in the sorted units of the whole cohort
  const std::string& unit(std::int64_t i) const { return cohort_->units[cohort_->unit[rows_[i]]]; }
  const std::string& donor(std::int64_t i) const { return cohort_->donors[cohort_->donor[rows_[i]]]; }
  std::string_view cell(std::int64_t i) const { return cohort_->table->obs().index[rows_[i]]; }

  bool has_column(const std::string& name) const;
  // One obs column, the view's cells only. Throws UsageError for an unknown column.
  Column column(const std::string& name, const std::string& where) const;

 protected:
  CellView(std::shared_ptr<const Cohort> cohort, std::vector<std::int64_t> rows)
      : cohort_(std::move(cohort)), rows_(std::move(rows)) {}

  std::shared_ptr<const Cohort> cohort_;
  std::vector<std::int64_t> rows_;
};

class TrainView : public CellView {
 public:
  // Sums over exactly this view's cells, if the store has them: it has when every unit here is here with all its cells and the
  // stored sums are of values normalised as `normalisation` says.
  std::optional<GeneSums> stored_sums(const std::string& normalisation) const;

 private:
  friend class Split;
  using CellView::CellView;
};

class ValidationView : public CellView {
  friend class Split;
  using CellView::CellView;
};

struct FoldedTest;

class TestView : public CellView {
  friend class Split;
  friend FoldedTest join_tests(const std::vector<Split>& folds, const std::string& where);
  using CellView::CellView;
};

}  // namespace cellverdict
