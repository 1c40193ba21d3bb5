#include <cellverdict/io/fetch_and_work.h>

#include <cellverdict/base/parallel.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <vector>

namespace cellverdict {

namespace {

class Pump {
 public:
  Pump(std::int64_t n, const FetchAndWork& task) : n_(n), task_(task), failed_item_(n) {
    for (int slot = 0; slot < task.slots(); ++slot) free_.push_back(slot);
  }

  // The calling thread: fetches while there is room, works when there is none, and at the end.
  void fetch_all() {
    for (std::int64_t item = 0; item < n_; ++item) {
      const int slot = free_slot();
      if (slot < 0) break;
      if (!guarded(item, [&] { task_.fetch(item, slot); })) break;
      const std::lock_guard lock(mutex_);
      ready_.push_back({item, slot});
      changed_.notify_all();
    }
    {
      const std::lock_guard lock(mutex_);
      all_fetched_ = true;
      changed_.notify_all();
    }
    work_on(0);
  }

  void work_on(int thread) {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !ready_.empty() || all_fetched_; });
      if (ready_.empty()) return;
      work_one(lock, thread);
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  struct Fetched {
    std::int64_t item;
    int slot;
  };

  // A place to fetch into; -1 when something has failed, so that nothing more is wanted.
  int free_slot() {
    std::unique_lock lock(mutex_);
    while (true) {
      if (failure_) return -1;
      if (!free_.empty()) {
        const int slot = free_.back();
        free_.pop_back();
        return slot;
      }
      if (ready_.empty())
        changed_.wait(lock);
      else
        work_one(lock, 0);
    }
  }

  void work_one(std::unique_lock<std::mutex>& lock, int thread) {
    const Fetched next = ready_.front();
    ready_.pop_front();
    lock.unlock();
    guarded(next.item, [&] { task_.work(next.item, next.slot, thread); });
    lock.lock();
    free_.push_back(next.slot);
    changed_.notify_all();
  }

  // Items are fetched in order and whatever is fetched is worked, so the first failure is the same for any number of threads.
  template <class Step>
  bool guarded(std::int64_t item, const Step& step) {
    try {
      step();
      return true;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (item < failed_item_) {
        failed_item_ = item;
        failure_ = std::current_exception();
      }
      return false;
    }
  }

  std::int64_t n_;
  const FetchAndWork& task_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Fetched> ready_;
  std::vector<int> free_;
  bool all_fetched_ = false;
  std::int64_t failed_item_;
  std::exception_ptr failure_;
};

}  // namespace

void fetch_and_work(std::int64_t n, const FetchAndWork& task) {
  Pump pump(n, task);
  if (task.threads <= 1 || n <= 1) {
    pump.fetch_all();
  } else {
    parallel_for(task.threads, task.threads, [&](std::int64_t begin, std::int64_t) {
      if (begin == 0)  // the calling thread
        pump.fetch_all();
      else
        pump.work_on(static_cast<int>(begin));
    });
  }
  pump.rethrow();
}

}  // namespace cellverdict
