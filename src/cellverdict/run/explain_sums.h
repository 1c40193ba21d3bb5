#pragma once
// The reductions of attributions, added to unit by unit as they are made; and the files they become. Every unit weighs the same in
// what is said of several.

#include <cellverdict/base/scratch_file.h>
#include <cellverdict/explain/integrated_gradients.h>
#include <cellverdict/run/explain.h>
#include <cellverdict/run/unit_expression.h>

#include <cstdint>
#include <filesystem>
#include <optional>
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

// The cells of a type in a unit, where there are any: sums over them.
struct UnitAndType {
  std::size_t unit = 0, type = 0;
  std::int64_t n_cells = 0;
  double attribution = 0, magnitude = 0, attention = 0;
  double mean() const { return attribution / static_cast<double>(n_cells); }
};

class AttributionSums {
 public:
  // scratch: a folder that is there as long as this is; genes of every type in every unit are kept in a file of it, magnitudes only
  // when asked for.
  AttributionSums(ExplainedAxes axes, const std::filesystem::path& scratch, bool per_unit_types);
  // type [cells] of the unit; attention [cells], or empty.
  void add(const std::string& unit, std::int32_t label, std::span<const std::int32_t> type, const Attribution& attribution,
           std::span<const double> attention);

  const ExplainedAxes& axes() const { return axes_; }
  const std::vector<ExplainedUnit>& units() const { return units_; }
  const std::vector<UnitAndType>& units_and_types() const { return pairs_; }
  bool has_attention() const { return has_attention_; }
  std::int64_t n_cells() const;
  std::int64_t n_units(std::int32_t label) const;  // -1: all
  // What the quadrature misses of each unit's change, as a share of it; of a change below a hundredth of the greatest, of that.
  std::vector<double> relative_deltas() const;
  // Means over units (label: of that class, -1: all), every unit weighing the same; NaN without any. [genes]
  std::vector<double> mean_attribution(std::int32_t label) const { return mean_of(attribution_, label, false); }
  std::vector<double> mean_magnitude(std::int32_t label) const { return mean_of(magnitude_, label, false); }
  // Of the units that are not of the class.
  std::vector<double> mean_elsewhere(std::int32_t label) const { return mean_of(attribution_, label, true); }
  // Of the units with cells of a type: mean over its cells. [genes]; empty without any
  std::vector<double> mean_of_type(std::size_t type, std::int32_t label) const;

  // Of the units of a class, or where there is none of all. [genes]; signed
  std::vector<double> signed_strength(std::int32_t label) const;
  std::vector<double> strength(std::int32_t label) const;  // absolute

  // [units, genes asked for] means over the cells of a type, NaN in units without one.
  std::vector<std::vector<double>> genes_in_type(std::size_t type, std::span<const std::size_t> genes);

  void write_units(const std::filesystem::path& file) const;  // attributions.h5ad
  void write_types(const std::filesystem::path& file) const;  // attributions_by_type.h5ad
  void write_units_and_types(const std::filesystem::path& file);
  std::string types_as_tsv() const;
  std::string units_and_types_as_tsv() const;

 private:
  std::vector<double> mean_of(const std::vector<double>& values, std::int32_t label, bool others) const;
  Frame genes_frame() const;

  struct OfType {  // in the units of a class; the first entry of a type is of all classes
    std::int64_t n_units = 0, n_cells = 0;
    double attribution = 0, magnitude = 0, attention = 0;  // sums over cells
    std::vector<double> gene, gene_magnitude;              // [genes] sums over units of means over cells; empty without any
  };
  OfType& of(std::size_t type, std::size_t class_or_all) { return types_[type * (axes_.classes.size() + 1) + class_or_all]; }
  const OfType& of(std::size_t type, std::size_t class_or_all) const {
    return types_[type * (axes_.classes.size() + 1) + class_or_all];
  }

  ExplainedAxes axes_;
  std::vector<ExplainedUnit> units_;
  std::vector<double> attribution_, magnitude_;  // [units, genes] means over cells
  std::vector<OfType> types_;                    // [types, 1 + classes]
  std::vector<UnitAndType> pairs_;               // in the order of units, then types
  ScratchFile genes_of_pairs_;                   // [pairs, genes] means over cells
  std::optional<ScratchFile> magnitudes_of_pairs_;
  bool has_attention_ = false;
};

// The genes' mean attributions in the units of one class, or in all where there is none: what nets with fresh weights are asked
// for.
class GeneStrength {
 public:
  GeneStrength(std::int64_t n_genes, std::int32_t label)
      : label_(label), of_class_(static_cast<std::size_t>(n_genes)), of_all_(of_class_) {}
  void add(std::int32_t label, const Attribution& attribution, std::int64_t n_cells);
  std::vector<double> strength() const;  // [genes] absolute

 private:
  std::int32_t label_;
  std::int64_t n_of_class_ = 0;
  std::vector<double> of_class_, of_all_;  // sums over units of means over cells
};

}  // namespace cellverdict
