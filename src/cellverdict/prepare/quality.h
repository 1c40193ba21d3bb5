#pragma once
// Quality of one cell from its raw counts, and the thresholds it must meet (paper §2.4.1). Nothing is fitted here.

#include <cellverdict/prepare/options.h>
#include <cellverdict/table/csr.h>

#include <vector>

namespace cellverdict {

struct CellQuality {
  double total = 0;          // counts
  std::int64_t n_genes = 0;  // with a count
  double mito_percent = 0;   // of the counts; 0 for a cell without counts
};

CellQuality measure_quality(const CsrRow& counts, const std::vector<bool>& mitochondrial);

enum class QualityVerdict { passes, too_few_genes, too_many_genes, too_much_mito };
// The first threshold that fails, in this order.
QualityVerdict judge_quality(const CellQuality& quality, const PrepareOptions& options);

}  // namespace cellverdict
