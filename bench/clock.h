#pragma once
// Wall and CPU seconds of this process.

#include <sys/resource.h>

#include <chrono>

struct Time {
  double wall = 0, cpu = 0;
};

inline Time now() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return {std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
          static_cast<double>(used.ru_utime.tv_sec) + 1e-6 * static_cast<double>(used.ru_utime.tv_usec)};
}
