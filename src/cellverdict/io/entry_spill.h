#pragma once
// Entries of a sparse matrix, put away in the order they come and read back in any: in memory while they are few, else in a
// temporary file that has no name, so that nothing is left behind however the program ends.

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

struct SpilledEntry {
  std::int32_t column = 0;
  float value = 0;
};

class EntrySpill {
 public:
  // `memory_bytes`: what may be held before a file is made (below the folder for temporary files, $TMPDIR).
  explicit EntrySpill(std::int64_t memory_bytes);
  ~EntrySpill();
  EntrySpill(EntrySpill&& other) noexcept;
  EntrySpill& operator=(EntrySpill&&) = delete;

  void append(std::span<const SpilledEntry> entries);
  void read(std::int64_t first, std::int64_t count, std::vector<SpilledEntry>& out) const;
  std::int64_t size() const { return n_on_disk_ + static_cast<std::int64_t>(held_.size()); }
  bool on_disk() const { return file_ >= 0; }

 private:
  void flush();

  std::int64_t most_held_;
  std::int64_t n_on_disk_ = 0;
  std::vector<SpilledEntry> held_;  // those that follow the ones on disk
  int file_ = -1;
};

}  // namespace cellverdict
