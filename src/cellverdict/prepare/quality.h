#pragma once
// Quality of one cell from its raw counts, and the thresholds it must meet (paper §2.4.1). Thresholds by median absolute deviations
// are learned from the cells of one unit for that same unit, without a label and without any other unit. Whether a unit trains or
// tests changes nothing in them, so they take no TrainView.

#include <cellverdict/prepare/options.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct CellQuality {
  double total = 0;          // counts
  std::int64_t n_genes = 0;  // with a count
  double mito_percent = 0;   // of the counts; 0 for a cell without counts
};

// `mitochondrial`: numbers of these genes, ascending.
CellQuality measure_quality(const CsrRow& counts, const std::vector<std::int32_t>& mitochondrial);

// The numbers of the genes that are marked.
std::vector<std::int32_t> numbers_of(const std::vector<bool>& genes);

// A cell on a bound passes.
struct QualityBounds {
  double min_total, max_total;
  double min_genes, max_genes;
  double max_mito_percent;
};

// min_genes, max_genes and max_mito_percent of the options; the same for every unit.
QualityBounds fixed_bounds(const PrepareOptions& options);

// Median ± n_mads · MAD of ln(1 + counts) and of ln(1 + genes), and median + n_mads · MAD of the mitochondrial percent, each no
// looser than the fixed bounds. The MAD is the plain median of |x − median|, without the factor 1.4826, as in the quality control
// chapter of Single-cell best practices (Heumos et al. 2023) and the `is_outlier` of scanpy's tutorials. The bounds of counts and
// genes are the outermost values of these cells that pass, so that judging them again needs no logarithm. Where more than half of
// the cells share a value its MAD is 0 and every other value is out: with few mitochondrial genes measured, look at what is
// dropped. n_mads 0: the fixed bounds alone.
QualityBounds fit_mad_bounds(std::span<const CellQuality> cells_of_one_unit, double n_mads, const PrepareOptions& options);

// The same of a unit of any size, where its measures lie; they are lost.
struct UnitQuality {
  std::span<double> totals, n_genes, mito_percent, spare;  // [cells] each
};
QualityBounds fit_mad_bounds_in_place(const UnitQuality& cells_of_one_unit, double n_mads, const PrepareOptions& options);

enum class QualityVerdict : std::uint8_t { passes, too_few_genes, too_many_genes, too_much_mito, too_few_counts, too_many_counts };
// The first threshold that fails, in this order.
QualityVerdict judge_quality(const CellQuality& quality, const QualityBounds& bounds);
QualityVerdict judge_quality(const CellQuality& quality, const PrepareOptions& options);

}  // namespace cellverdict
