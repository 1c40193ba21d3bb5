#include <cellverdict/nets/torch_threads.h>

#include <ATen/Parallel.h>

#ifndef INTRA_OP_PARALLEL
#error "at::parallel_for would be a plain loop here: compile with the OpenMP that LibTorch was built with"
#endif

namespace cellverdict {

void divide_as_torch(std::int64_t n, int threads, const std::function<void(std::int64_t, std::int64_t)>& work) {
  at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
    if (n * begin / threads < n * end / threads) work(n * begin / threads, n * end / threads);
  });
}

}  // namespace cellverdict
