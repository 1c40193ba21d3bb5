#pragma once
// What a long-running operation is given by its caller: where to say things, how many threads, when to stop.
// Passed as the first argument; there is no global log, no global random state.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cellverdict {

struct RunContext {
  // One line, without newline. The defaults swallow everything, so the library is silent unless a caller listens.
  std::function<void(std::string_view)> log = [](std::string_view) {};
  std::function<void(std::string_view)> warn = [](std::string_view) {};
  // Progress of the stage under way: done of total (total 0: unknown). Called often; the listener decides what to show.
  std::function<void(std::string_view stage, std::int64_t done, std::int64_t total)> progress = [](std::string_view, std::int64_t,
                                                                                                   std::int64_t) {};
  int threads = 1;
  std::uint64_t seed = 42;
  std::int64_t memory_bytes = std::int64_t{2} << 30;  // budget for caches and blocks, not a hard limit of the process
  const std::atomic<bool>* stop = nullptr;            // set by Ctrl-C; long loops look at it between blocks

  bool stopping() const { return stop != nullptr && stop->load(std::memory_order_relaxed); }
};

// Seconds since construction.
class Stopwatch {
 public:
  Stopwatch();
  double seconds() const;

 private:
  std::int64_t start_ns_;
};

// "12,811".
std::string with_commas(std::int64_t n);
// "1 cell", "12,811 cells".
std::string counted(std::int64_t n, std::string_view noun);
// "libraries".
std::string plural_of(std::string_view noun);

}  // namespace cellverdict
