#include <cellverdict/base/error.h>
#include <cellverdict/sparse/rows_check.h>

#include <string>

namespace cellverdict {

void check_rows(const CsrBlock& x, std::int64_t n_genes) {
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    const CsrRow row = x.row(i);
    if (row.genes.empty()) continue;
    bool falls = false;
    for (std::size_t k = 1; k < row.genes.size(); ++k) falls |= row.genes[k] <= row.genes[k - 1];
    if (falls || row.genes.front() < 0 || row.genes.back() >= n_genes)
      throw InternalError({.where = "row " + std::to_string(i) + " of a block of cells",
                           .found = "genes out of order or range",
                           .expected = "ascending numbers below " + std::to_string(n_genes),
                           .advice = "please report it"});
  }
}

}  // namespace cellverdict
