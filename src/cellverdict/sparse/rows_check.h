#pragma once
// What the kernels of this room ask of their sparse rows.

#include <cellverdict/table/csr.h>

#include <cstdint>

namespace cellverdict {

// Throws InternalError unless genes ascend within each row and are in [0, n_genes): the kernels walk each row once from left to
// right and read where the genes say, and an entry out of order or range would be read from outside the weights.
void check_rows(const CsrBlock& x, std::int64_t n_genes);

}  // namespace cellverdict
