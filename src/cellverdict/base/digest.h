#pragma once
// SHA-256 of inputs and configurations: what a run was made from, and whether a stage has to run again.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

// Lower-case hexadecimal.
std::string sha256(std::string_view bytes);
// Reads in blocks; throws InputError when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

// The InputError of a file that is not what it was a moment ago.
[[noreturn]] void refuse_changed(const std::string& where);

// Tells whether a file was written to, without reading it.
struct FileStamp {
  std::uintmax_t size = 0;
  std::filesystem::file_time_type changed;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
// Of nothing at all where the file cannot be looked at.
FileStamp stamp_of(const std::filesystem::path& path);

// Digests of files that several stages ask for: a file is read again only when its size or time of change differs.
class FileDigests {
 public:
  FileDigests() = default;
  ~FileDigests();
  FileDigests(FileDigests&&) = default;
  FileDigests& operator=(FileDigests&&) = default;

  // Throws InputError when the file cannot be read.
  const std::string& of(const std::filesystem::path& path);
  // Reads them in a thread of its own while the caller does something else; the next `of` waits for it.
  void begin(std::vector<std::filesystem::path> paths);

 private:
  struct Known {
    FileStamp stamp;
    std::string digest;
  };
  using Table = std::map<std::filesystem::path, Known>;
  void take_begun();

  Table known_;
  std::unique_ptr<std::atomic<bool>> given_up_ = std::make_unique<std::atomic<bool>>(false);
  std::future<Table> begun_;
};

}  // namespace cellverdict
