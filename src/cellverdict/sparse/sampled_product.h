#pragma once
// A dense product looked at where a sparse matrix has entries, and nowhere else: what each gene of each cell contributed, when only
// the genes that are there can have contributed.

#include <cellverdict/base/parallel.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <span>

namespace cellverdict {

// out[k] = x.values[k] · ⟨g row of the entry's cell, w row of its gene⟩ for every entry k of x.
//   x [n, genes] sparse, g [n, h], w [genes, h] row-major, out [nnz] (overwritten)
// Any thread count gives the same bytes. InternalError where genes are out of order or range.
void sampled_product(const CsrBlock& x, std::span<const float> g, std::span<const float> w, std::int64_t h, std::span<float> out,
                     int threads, DivideWork divide = parallel_for);

}  // namespace cellverdict
