#pragma once
// The reductions of attributions, added to unit by unit as they are made; and the files they become.

#include <cellverdict/explain/integrated_gradients.h>
#include <cellverdict/run/explain.h>
#include <cellverdict/run/unit_expression.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Who is explained.
struct ExplainedAxes {
  GeneList genes;
  std::vector<std::string> classes, types;
};

struct ExplainedUnit {
  std::string unit;
  std::int32_t label = 0;
  std::int64_t n_cells = 0;
  double value = 0, baseline_value = 0, attribution = 0;  // the last: summed over cells and genes
  double change() const { return value - baseline_value; }
};

class AttributionSums {
 public:
  explicit AttributionSums(ExplainedAxes axes);
  // type [cells] of the unit; attention [cells], or empty.
  void add(const std::string& unit, std::int32_t label, std::span<const std::int32_t> type, const Attribution& attribution,
           std::span<const double> attention);

  const std::vector<ExplainedUnit>& units() const { return units_; }
  std::int64_t n_cells() const;
  // What the quadrature misses of each unit's change, as a share of it; of a change below a hundredth of the greatest, of that.
  std::vector<double> relative_deltas() const;
  // Means over units (label: of that class, -1: all), every unit weighing the same. [genes]
  std::vector<double> mean_attribution(std::int32_t label) const { return mean_of(attribution_, label); }
  std::vector<double> mean_magnitude(std::int32_t label) const { return mean_of(magnitude_, label); }

  // Of the units of a class, or where there is none of all. [genes] absolute.
  std::vector<double> strength(std::int32_t label) const;

  void write_units(const std::filesystem::path& file) const;  // attributions.h5ad
  void write_types(const std::filesystem::path& file) const;  // attributions_by_type.h5ad
  std::string types_as_tsv() const;

 private:
  std::vector<double> mean_of(const std::vector<double>& values, std::int32_t label) const;
  Frame genes_frame() const;

  struct OfType {  // of the cells of a type in the units of a class; the first entry of a type is of all classes
    std::int64_t n_units = 0, n_cells = 0;
    double attribution = 0, magnitude = 0, attention = 0;
    std::vector<double> gene, gene_magnitude;  // [genes] sums over cells; empty without any
  };
  OfType& of(std::size_t type, std::size_t class_or_all) { return types_[type * (axes_.classes.size() + 1) + class_or_all]; }

  ExplainedAxes axes_;
  std::vector<ExplainedUnit> units_;
  std::vector<double> attribution_, magnitude_;  // [units, genes] means over cells
  std::vector<OfType> types_;                    // [types, 1 + classes]
  bool has_attention_ = false;
};

}  // namespace cellverdict
