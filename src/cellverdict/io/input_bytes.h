#pragma once
// Where the bytes of one input lie: a whole file, or a part of one that is a file of its own (a member of a tar archive).

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace cellverdict {

struct InputBytes {
  InputBytes(std::filesystem::path whole) : shown(whole), file(std::move(whole)) {}  // implicit: a path is the usual case
  InputBytes(const char* whole) : InputBytes(std::filesystem::path(whole)) {}
  InputBytes(const std::string& whole) : InputBytes(std::filesystem::path(whole)) {}
  InputBytes(std::filesystem::path name, std::filesystem::path archive, std::int64_t begin, std::int64_t bytes)
      : shown(std::move(name)), file(std::move(archive)), offset(begin), length(bytes) {}

  std::filesystem::path shown;  // what errors call it
  std::filesystem::path file;   // on disk
  std::int64_t offset = 0;
  std::int64_t length = -1;  // -1: to the end of the file
};

}  // namespace cellverdict
