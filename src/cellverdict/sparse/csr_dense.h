#pragma once
// Products of a sparse block of cells with a dense matrix: the first layer of a net on expression, and its gradient.
// Genes ascend within each row, as everywhere; InternalError where they do not. Any thread count gives the same bytes: every output
// number is summed by one thread, in one order.

#include <cellverdict/base/parallel.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <span>

namespace cellverdict {

// y = x · w.          x [n, g] sparse, w [g, h] row-major, y [n, h] row-major (overwritten).
void csr_times_dense(const CsrBlock& x, std::span<const float> w, std::int64_t h, std::span<float> y, int threads,
                     DivideWork divide = parallel_for);

// w_grad = xᵀ · dy.   x [n, g] sparse, dy [n, h], w_grad [g, h] (overwritten).
void csr_transposed_times_dense(const CsrBlock& x, std::span<const float> dy, std::int64_t h, std::span<float> w_grad, int threads,
                                DivideWork divide = parallel_for);

// dense [n, g] row-major (overwritten).
void csr_to_dense(const CsrBlock& x, std::int64_t n_genes, std::span<float> dense, int threads = 1,
                  DivideWork divide = parallel_for);

}  // namespace cellverdict
