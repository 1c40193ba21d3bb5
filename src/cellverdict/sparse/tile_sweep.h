#pragma once
// The kernel behind both products of sparse/csr_dense: out = x · dense for sparse x by rows. A tile of `dense` (some of its rows, a
// strip of its columns) is packed so that it stays in the second-level cache; every row of x is swept over it with the strip of its
// result in vector registers. Each number of `out` is summed by one thread over ascending columns of x, with nothing set aside in
// between, so that neither the threads nor the tiles change a byte of it. The width of the machine's vectors may: some round a
// product before adding.

#include <cellverdict/base/parallel.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct SparseRows {
  std::span<const std::int64_t> indptr;   // [n_rows + 1]
  std::span<const std::int32_t> columns;  // [nnz] ascending within a row, in [0, rows of dense)
  std::span<const float> values;          // [nnz]

  std::int64_t n_rows() const { return static_cast<std::int64_t>(indptr.size()) - 1; }
};

struct Sweep;

// One build of the kernel, for one kind of processor.
struct SweepKernel {
  const char* name;
  std::int64_t strip;  // columns of `dense` taken at a time
  void (*run)(const Sweep&);
};

// Those that this machine runs, the best first.
std::vector<SweepKernel> sweep_kernels();

// dense [n_columns, h] and out [n_rows, h] row-major; out is overwritten.
void sparse_times_dense(const SweepKernel& kernel, const SparseRows& x, std::span<const float> dense, std::int64_t h,
                        std::span<float> out, int threads, DivideWork divide);

}  // namespace cellverdict
