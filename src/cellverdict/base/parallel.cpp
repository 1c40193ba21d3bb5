#include <cellverdict/base/parallel.h>

#include <sched.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace cellverdict {

void parallel_for(std::int64_t n, int threads, const std::function<void(std::int64_t, std::int64_t)>& work) {
  const std::int64_t parts = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(n, 1));
  if (parts == 1) {
    if (n > 0) work(0, n);
    return;
  }
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(parts));
  const auto part = [&](std::int64_t p) {
    try {
      work(n * p / parts, n * (p + 1) / parts);
    } catch (...) {
      failures[p] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    workers.reserve(static_cast<std::size_t>(parts - 1));
    try {
      while (std::ssize(workers) + 1 < parts) workers.emplace_back(part, std::ssize(workers) + 1);
    } catch (const std::exception&) {  // no more threads are to be had: the calling one does their parts after its own
    }
    part(0);
    for (std::int64_t p = std::ssize(workers) + 1; p < parts; ++p) part(p);
  }
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace cellverdict
