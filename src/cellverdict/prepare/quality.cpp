#include <cellverdict/prepare/quality.h>

namespace cellverdict {

CellQuality measure_quality(const CsrRow& counts, const std::vector<bool>& mitochondrial) {
  CellQuality quality;
  double mito = 0;
  for (std::size_t k = 0; k < counts.genes.size(); ++k) {
    const double x = counts.values[k];
    quality.total += x;
    quality.n_genes += x > 0 ? 1 : 0;
    if (mitochondrial[counts.genes[k]]) mito += x;
  }
  if (quality.total > 0) quality.mito_percent = 100 * mito / quality.total;
  return quality;
}

QualityVerdict judge_quality(const CellQuality& quality, const PrepareOptions& options) {
  if (options.min_genes > 0 && quality.n_genes < options.min_genes) return QualityVerdict::too_few_genes;
  if (options.max_genes > 0 && quality.n_genes > options.max_genes) return QualityVerdict::too_many_genes;
  if (quality.mito_percent > options.max_mito_percent) return QualityVerdict::too_much_mito;
  return QualityVerdict::passes;
}

}  // namespace cellverdict
