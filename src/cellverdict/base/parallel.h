#pragma once
// Static division of work over threads. Each index is handled exactly once; results that depend on the order of summation
// must be kept per index or per fixed block, never per thread, so that the thread count changes no byte.

#include <cstdint>
#include <functional>

namespace cellverdict {

// Calls work(begin, end) on disjoint ranges that cover [0, n), the first of them in the calling thread. The first exception thrown
// is rethrown here. Where the system gives fewer threads, the calling one does the rest after its own range.
void parallel_for(std::int64_t n, int threads, const std::function<void(std::int64_t begin, std::int64_t end)>& work);

// Something that divides work as parallel_for does: for callers whose own pool of threads should do it.
using DivideWork = void (*)(std::int64_t n, int threads, const std::function<void(std::int64_t begin, std::int64_t end)>& work);

// Threads this process may use (affinity respected).
int available_threads();

}  // namespace cellverdict
