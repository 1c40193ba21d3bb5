#pragma once
// How much more a gene varies than others of its mean: dispersion (variance / mean), standardised within bins of the mean, as
// scanpy's highly_variable_genes computes it for flavours "seurat" (Satija et al. 2015) and "cell_ranger" (Zheng et al. 2017).
// Numbers in, numbers out.

#include <cstdint>
#include <vector>

namespace cellverdict {

struct GeneMoments {
  std::vector<double> mean, variance;  // [genes] variance with ddof 1
};

struct Dispersion {
  std::vector<double> normalised;  // [genes] NaN: none (a gene that does not vary, a bin without spread)
  std::int64_t n_joined_bins = 0;  // cell_ranger: bins that had no width because many genes share a mean
};

// Of values that are not logarithms. ln of the dispersion, 20 equal bins of ln(1 + mean), (x − mean) / sd (ddof 1) in each bin; a
// gene alone in its bin gets 1.
Dispersion seurat_dispersion(const GeneMoments& moments);

// Of log-normalised values. Bins between the percentiles 10, 15, …, 100 of the mean, (x − median) / MAD · 0.6745 in each bin.
// Where percentiles coincide scanpy refuses; here the bins between them are joined and counted.
Dispersion cell_ranger_dispersion(const GeneMoments& moments);

}  // namespace cellverdict
