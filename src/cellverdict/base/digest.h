#pragma once
// SHA-256 of inputs and configurations: what a run was made from, and whether a stage has to run again.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace cellverdict {

// Lower-case hexadecimal.
std::string sha256(std::string_view bytes);
// Reads in blocks; throws InputError when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

// The InputError of a file that is not what it was a moment ago.
[[noreturn]] void refuse_changed(const std::string& where);

// Digests of files that several stages ask for: a file is read again only when its size or time of change differs.
class FileDigests {
 public:
  const std::string& of(const std::filesystem::path& path);

 private:
  struct Known {
    std::uintmax_t size = 0;
    std::filesystem::file_time_type changed;
    std::string digest;
  };
  std::map<std::filesystem::path, Known> known_;
};

}  // namespace cellverdict
