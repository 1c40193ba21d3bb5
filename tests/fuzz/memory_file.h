#pragma once
// The bytes of a fuzzer as a file the readers can open, without touching the disk.

#include <cellverdict/base/error.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace cellverdict::fuzzing {

class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* bytes, std::size_t n) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_ < 0 || ::write(fd_, bytes, n) != static_cast<ssize_t>(n)) std::abort();
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// A damaged file may be refused, and in no other way than by an InputError.
template <class Action>
int allow_refusal(const Action& action) {
  try {
    action();
  } catch (const InputError&) {
  }
  return 0;
}

// What must hold of everything that was read.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace cellverdict::fuzzing
