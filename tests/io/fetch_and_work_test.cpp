#include <cellverdict/io/fetch_and_work.h>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/no_threads.h"

using namespace cellverdict;

TEST_CASE("each item is fetched in order by the calling thread and worked once") {
  for (const int threads : {1, 2, 5}) {
    CAPTURE(threads);
    const auto caller = std::this_thread::get_id();
    std::vector<std::int64_t> order;
    bool by_caller = true;
    FetchAndWork task;
    task.threads = threads;
    std::vector<std::int64_t> slots(static_cast<std::size_t>(task.slots()), -1), worked(1000, 0);
    std::vector<std::atomic<int>> busy(static_cast<std::size_t>(threads));
    std::atomic<bool> kept = true, alone = true;
    task.fetch = [&](std::int64_t item, int slot) {
      by_caller = by_caller && std::this_thread::get_id() == caller;
      order.push_back(item);
      slots[slot] = item;
    };
    task.work = [&](std::int64_t item, int slot, int thread) {
      if (busy[thread]++ != 0) alone = false;
      if (slots[slot] != item) kept = false;
      ++worked[item];
      --busy[thread];
    };
    fetch_and_work(1000, task);
    CHECK(by_caller);
    CHECK(kept);   // nobody fetches over what is still to be worked
    CHECK(alone);  // what belongs to a thread is used by one at a time
    CHECK(order.size() == 1000);
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(worked == std::vector<std::int64_t>(1000, 1));
  }
}

TEST_CASE("where no thread can be started the calling one fetches and works all items") {
  const testing::NoThreads alone;
  FetchAndWork task;
  task.threads = 5;
  std::vector<std::int64_t> slots(static_cast<std::size_t>(task.slots()), -1), worked(1000, 0);
  task.fetch = [&](std::int64_t item, int slot) { slots[slot] = item; };
  task.work = [&](std::int64_t item, int slot, int) { worked[item] += slots[slot] == item; };
  fetch_and_work(1000, task);
  CHECK(worked == std::vector<std::int64_t>(1000, 1));
}

TEST_CASE("the failure of the first item is the one that is said, whatever the threads") {
  for (const int threads : {1, 2, 5})
    for (const bool in_fetch : {false, true}) {
      std::string said;
      FetchAndWork task;
      task.threads = threads;
      const auto fail = [](std::int64_t item) {
        if (item == 300 || item == 301 || item == 305) throw std::runtime_error(std::to_string(item));
      };
      task.fetch = [&](std::int64_t item, int) {
        if (in_fetch) fail(item);
      };
      task.work = [&](std::int64_t item, int, int) {
        if (item == 300) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        fail(item);
      };
      try {
        fetch_and_work(1000, task);
      } catch (const std::runtime_error& error) {
        said = error.what();
      }
      CHECK(said == "300");
    }
}
