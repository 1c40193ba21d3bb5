#include <cellverdict/base/parallel.h>
#include <cellverdict/sparse/csr_dense.h>

#include <algorithm>

namespace cellverdict {

void csr_times_dense(const CsrBlock& x, std::span<const float> w, std::int64_t h, std::span<float> y, int threads) {
  parallel_for(x.n_rows(), threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* out = y.data() + i * h;
      std::fill(out, out + h, 0.0F);
      for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) {
        const float value = x.values[k];
        const float* row = w.data() + x.indices[k] * h;
        for (std::int64_t j = 0; j < h; ++j) out[j] += value * row[j];
      }
    }
  });
}

void csr_transposed_times_dense(const CsrBlock& x, std::span<const float> dy, std::int64_t h, std::span<float> w_grad,
                                int threads) {
  std::fill(w_grad.begin(), w_grad.end(), 0.0F);
  // Threads share the columns, not the rows: no two write the same number.
  parallel_for(h, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < x.n_rows(); ++i) {
      const float* gradient = dy.data() + i * h;
      for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) {
        const float value = x.values[k];
        float* row = w_grad.data() + x.indices[k] * h;
        for (std::int64_t j = begin; j < end; ++j) row[j] += value * gradient[j];
      }
    }
  });
}

void csr_to_dense(const CsrBlock& x, std::int64_t n_genes, std::span<float> dense) {
  std::fill(dense.begin(), dense.end(), 0.0F);
  for (std::int64_t i = 0; i < x.n_rows(); ++i)
    for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) dense[i * n_genes + x.indices[k]] = x.values[k];
}

}  // namespace cellverdict
