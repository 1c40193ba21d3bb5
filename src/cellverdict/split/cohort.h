#pragma once
// A table of cells together with what its columns mean: the label to predict, the unit that is never split, the person.

#include <cellverdict/table/cell_table.h>
#include <cellverdict/table/gene_sums.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct CohortRoles {
  std::string label;     // obs column to predict
  std::string unit;      // obs column: never split, the level of every interval
  std::string donor;     // obs column: the person; empty: the unit
  std::string positive;  // two classes: the one the AUC is of; empty: the last in sorted order
};

struct Cohort {
  std::shared_ptr<const CellTable> table;
  CohortRoles roles;
  std::vector<std::string> classes;  // of the label, sorted
  std::vector<std::int32_t> label;   // [cells] class
  std::vector<std::string> units;    // sorted
  std::vector<std::int32_t> unit;    // [cells]
  std::vector<std::string> donors;   // sorted
  std::vector<std::int32_t> donor;   // [cells]; cells of several donors may share a unit
  std::optional<UnitGeneSums> sums;  // of the same units, from the pass that wrote the store
  // [rows] how many cells a row stands for, where it stands for all that are alike (prepare/store_outline.h); empty: one each.
  std::vector<std::int64_t> n_alike;

  std::int64_t n_cells_of(std::size_t row) const { return n_alike.empty() ? 1 : n_alike[row]; }
  std::int32_t positive_class() const;  // index; two classes only
};

// Throws UsageError for unknown columns and DataError for a single class or a cell without a label, unit or donor.
Cohort make_cohort(std::shared_ptr<const CellTable> table, CohortRoles roles, std::optional<UnitGeneSums> sums = {},
                   std::vector<std::int64_t> n_alike = {});

// Distinct values of a text or number column, sorted; missing ones left out.
std::vector<std::string> distinct_values(const Column& column);
// Index into `values` of each row of a column; -1 for missing or unlisted.
std::vector<std::int32_t> codes_of(const Column& column, const std::vector<std::string>& values);

}  // namespace cellverdict
