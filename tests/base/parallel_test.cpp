#include <cellverdict/base/parallel.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "no_threads.h"

using namespace cellverdict;

TEST_CASE("each index is handled exactly once, whatever the number of threads") {
  for (const std::int64_t n : {0, 1, 2, 7, 1000})
    for (const int threads : {-1, 0, 1, 2, 4, 13}) {
      CAPTURE(n);
      CAPTURE(threads);
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
      std::atomic<int> calls = 0;
      parallel_for(n, threads, [&](std::int64_t begin, std::int64_t end) {
        ++calls;
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& count) { return count == 1; }));
      CHECK(calls == std::min<std::int64_t>(n, std::max(threads, 1)));  // no call without work
    }
}

TEST_CASE("an exception of any thread reaches the caller after all threads have ended") {
  for (const int threads : {1, 4})
    for (const std::int64_t culprit : {0, 99}) {
      std::atomic<int> ended = 0;
      const auto work = [&](std::int64_t begin, std::int64_t end) {
        ++ended;
        if (begin <= culprit && culprit < end) throw std::runtime_error("row " + std::to_string(culprit));
      };
      CHECK_THROWS_WITH_AS(parallel_for(100, threads, work), ("row " + std::to_string(culprit)).c_str(), std::runtime_error);
      CHECK(ended == threads);
    }
}

TEST_CASE("where no thread can be started the calling one does all the work") {
  const testing::NoThreads alone;
  REQUIRE_THROWS_AS(std::thread([] {}).join(), std::system_error);
  std::vector<int> seen(100);
  parallel_for(100, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
  });
  CHECK(seen == std::vector<int>(100, 1));
}

TEST_CASE("of several exceptions the first range's is the one thrown") {
  const auto work = [](std::int64_t begin, std::int64_t) { throw std::runtime_error(std::to_string(begin)); };
  CHECK_THROWS_WITH_AS(parallel_for(8, 4, work), "0", std::runtime_error);
}

TEST_CASE("there is at least one thread") {
  CHECK(available_threads() >= 1);
}
