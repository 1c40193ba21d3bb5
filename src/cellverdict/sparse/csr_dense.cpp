#include <cellverdict/sparse/csr_dense.h>
#include <cellverdict/sparse/rows_check.h>
#include <cellverdict/sparse/tile_sweep.h>

#include <algorithm>
#include <memory>

namespace cellverdict {

namespace {

// The same entries by column: per gene its cells, ascending.
struct ByGene {
  std::vector<std::int64_t> indptr;       // [n_genes + 1]
  std::unique_ptr<std::int32_t[]> cells;  // [nnz]
  std::unique_ptr<float[]> values;        // [nnz]
};

// Calls use(cell, k) for the entries k of the genes [begin, end), a block of genes at a time and cell by cell within it: what is
// written per gene then stays in the first-level cache.
template <class Use>
void each_entry(const CsrBlock& x, std::int64_t begin, std::int64_t end, const Use& use) {
  constexpr std::int64_t kBlock = 512;
  std::vector<std::int64_t> cursor(static_cast<std::size_t>(x.n_rows()));
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    const auto genes = x.row(i).genes;
    cursor[i] = x.indptr[i] + (std::lower_bound(genes.begin(), genes.end(), begin) - genes.begin());
  }
  for (; begin < end; begin += kBlock) {
    const std::int64_t block_end = std::min(end, begin + kBlock);
    for (std::int64_t i = 0; i < x.n_rows(); ++i) {
      std::int64_t k = cursor[i];
      for (const std::int64_t row_end = x.indptr[i + 1]; k < row_end && x.indices[k] < block_end; ++k) use(i, k);
      cursor[i] = k;
    }
  }
}

ByGene by_gene(const CsrBlock& x, std::int64_t n_genes, int threads, DivideWork divide) {
  ByGene out{.indptr = std::vector<std::int64_t>(static_cast<std::size_t>(n_genes) + 1),
             .cells = std::make_unique_for_overwrite<std::int32_t[]>(x.indices.size()),
             .values = std::make_unique_for_overwrite<float[]>(x.indices.size())};
  divide(n_genes, threads, [&](std::int64_t begin, std::int64_t end) {
    each_entry(x, begin, end, [&](std::int64_t, std::int64_t k) { ++out.indptr[x.indices[k] + 1]; });
  });
  for (std::int64_t g = 0; g < n_genes; ++g) out.indptr[g + 1] += out.indptr[g];
  std::vector<std::int64_t> next(out.indptr.begin(), out.indptr.end() - 1);
  divide(n_genes, threads, [&](std::int64_t begin, std::int64_t end) {
    each_entry(x, begin, end, [&](std::int64_t cell, std::int64_t k) {
      const std::int64_t place = next[x.indices[k]]++;
      out.cells[place] = static_cast<std::int32_t>(cell);
      out.values[place] = x.values[k];
    });
  });
  return out;
}

}  // namespace

void csr_times_dense(const CsrBlock& x, std::span<const float> w, std::int64_t h, std::span<float> y, int threads,
                     DivideWork divide) {
  if (h == 0) return;
  check_rows(x, static_cast<std::int64_t>(w.size()) / h);
  sparse_times_dense(sweep_kernels().front(), {x.indptr, x.indices, x.values}, w, h, y, threads, divide);
}

void csr_transposed_times_dense(const CsrBlock& x, std::span<const float> dy, std::int64_t h, std::span<float> w_grad, int threads,
                                DivideWork divide) {
  if (h == 0) return;
  const std::int64_t n_genes = static_cast<std::int64_t>(w_grad.size()) / h;
  check_rows(x, n_genes);
  const ByGene genes = by_gene(x, n_genes, threads, divide);
  const std::size_t n = x.indices.size();
  sparse_times_dense(sweep_kernels().front(), {genes.indptr, {genes.cells.get(), n}, {genes.values.get(), n}}, dy, h, w_grad,
                     threads, divide);
}

void csr_to_dense(const CsrBlock& x, std::int64_t n_genes, std::span<float> dense, int threads, DivideWork divide) {
  divide(x.n_rows(), threads, [&](std::int64_t begin, std::int64_t end) {
    std::fill(dense.begin() + begin * n_genes, dense.begin() + end * n_genes, 0.0F);
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) dense[i * n_genes + x.indices[k]] = x.values[k];
  });
}

}  // namespace cellverdict
