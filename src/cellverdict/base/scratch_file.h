#pragma once
// A file that is written once and then read in place, gone when its owner is: what a stage must keep and memory must not. The
// system may drop its pages from memory at any time, so it counts as disk and never as private memory.

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace cellverdict {

class ScratchFile {
 public:
  // Throws InputError when it cannot be made.
  explicit ScratchFile(std::filesystem::path path);
  // One without a name in that folder: nothing is left behind however the program ends. It must be mapped before it is closed.
  static ScratchFile unnamed(const std::filesystem::path& folder);
  ~ScratchFile();
  ScratchFile(ScratchFile&&) noexcept;
  ScratchFile& operator=(ScratchFile&&) noexcept;

  std::int64_t size() const { return size_; }
  // Room for `bytes` more at the end, to be filled by write_at; gives where it begins.
  std::int64_t reserve(std::int64_t bytes);
  // Several threads may write to different places. Throws InputError when the disk is full.
  void write_at(std::int64_t place, const void* bytes, std::int64_t n) const;
  void append(const void* bytes, std::int64_t n) { write_at(reserve(n), bytes, n); }

  // The disk begins with these bytes at once: for a file that will be kept.
  void begin_flush(std::int64_t place, std::int64_t n) const;

  // After the last write; what is mapped stays. A study may have more sources than a process may have open files.
  void close();
  // The whole file as it is now, mapped; changes made through it are kept. Holds until the next call after a write. Null when it is
  // empty.
  std::byte* bytes();
  // Whoever asks for it keeps the file, which stays where it is; what is mapped stays.
  std::filesystem::path give_away();

 private:
  ScratchFile() = default;
  [[noreturn]] void fail() const;
  void unmap();
  void release();

  std::filesystem::path path_;  // of the folder when the file has no name
  bool named_ = false;
  int file_ = -1;
  std::int64_t size_ = 0, mapped_size_ = 0;
  std::byte* mapped_ = nullptr;
};

}  // namespace cellverdict
