#pragma once
// One thread fetches, all threads work: for a library that may be called from one thread only, beside work that may not wait.

#include <cstdint>
#include <functional>

namespace cellverdict {

struct FetchAndWork {
  int threads = 1;
  // Item `item` into place `slot` (below slots()); the calling thread alone, in the order of the items.
  std::function<void(std::int64_t item, int slot)> fetch;
  // What was fetched into `slot`; any thread, in any order. `thread` is below `threads` and no two at once have the same.
  std::function<void(std::int64_t item, int slot, int thread)> work;
  // Items that are fetched ahead of the work at most.
  int slots() const { return 4 * threads; }
};

// Fetches and works each of n items once. The exception of the first item that throws is rethrown, whatever the threads.
void fetch_and_work(std::int64_t n, const FetchAndWork& task);

}  // namespace cellverdict
