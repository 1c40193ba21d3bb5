#include <cellverdict/table/gene_sums.h>

namespace cellverdict {

GeneSums::GeneSums(std::int64_t n_genes)
    : sum(static_cast<std::size_t>(n_genes)),
      sum_squares(static_cast<std::size_t>(n_genes)),
      n_positive(static_cast<std::size_t>(n_genes)) {}

void GeneSums::add(const CsrRow& row) {
  ++n_cells;
  for (std::size_t k = 0; k < row.genes.size(); ++k) {
    const double x = row.values[k];
    sum[row.genes[k]] += x;
    sum_squares[row.genes[k]] += x * x;
    n_positive[row.genes[k]] += x > 0 ? 1 : 0;
  }
}

void GeneSums::add(const GeneSums& other) {
  n_cells += other.n_cells;
  for (std::size_t g = 0; g < sum.size(); ++g) {
    sum[g] += other.sum[g];
    sum_squares[g] += other.sum_squares[g];
    n_positive[g] += other.n_positive[g];
  }
}

}  // namespace cellverdict
