#pragma once
// An array of one number (or small record) a cell: filled from front to back, then read and changed in place. It lies in a scratch
// file, so that however many cells there are it is no private memory.

#include <cellverdict/base/scratch_file.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <type_traits>
#include <vector>

namespace cellverdict {

template <class T>
class ScratchArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // In a file without a name. Throws InputError when there is no room in the folder.
  explicit ScratchArray(const std::filesystem::path& folder) : file_(ScratchFile::unnamed(folder)) {}
  // Of n elements, all zero.
  ScratchArray(const std::filesystem::path& folder, std::int64_t n) : ScratchArray(folder) { file_.reserve(n * kBytes); }

  std::int64_t size() const { return file_.size() / kBytes + std::ssize(held_); }
  void push_back(const T& value) {
    held_.push_back(value);
    if (std::ssize(held_) == kHeld) flush();
  }
  void append(std::span<const T> values) {
    for (const T& value : values) push_back(value);
  }

  // After the last element is there. What is changed through it is kept; holds as long as the array, wherever that is moved.
  std::span<T> open() {
    flush();
    held_.shrink_to_fit();
    auto* const first = reinterpret_cast<T*>(file_.bytes());
    file_.close();
    return {first, static_cast<std::size_t>(size())};
  }

 private:
  static constexpr auto kBytes = static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t kHeld = std::int64_t{1} << 16;

  void flush() {
    if (!held_.empty()) file_.append(held_.data(), std::ssize(held_) * kBytes);
    held_.clear();
  }

  ScratchFile file_;
  std::vector<T> held_;  // behind those in the file
};

}  // namespace cellverdict
