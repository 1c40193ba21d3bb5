#include <cellverdict/nets/torch_threads.h>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

using namespace cellverdict;

TEST_CASE("work divided as LibTorch divides its own is done by several threads, each part once") {
  const int before = torch::get_num_threads();
  torch::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> workers;
  std::atomic<std::int64_t> sum = 0;
  divide_as_torch(1000, 2, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) sum += i;
    const std::lock_guard lock(mutex);
    workers.insert(std::this_thread::get_id());
  });
  torch::set_num_threads(before);
  CHECK(sum == 999 * 1000 / 2);
  CHECK(workers.size() == 2);
}
