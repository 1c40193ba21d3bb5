#pragma once
// Lines of a text file, plain or gzip (told by its first bytes, any number of gzip members), one after the other in bounded memory.
// Every format of text files here is read through this. Must never: take a truncated gzip for the end of the file.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace cellverdict {

class TextLines {
 public:
  // Throws InputError when the file is missing, unreadable or empty.
  explicit TextLines(std::filesystem::path path);
  ~TextLines();
  TextLines(TextLines&&) noexcept;
  TextLines& operator=(TextLines&&) noexcept;

  // The next line without its end (LF or CRLF); false at the end of the file. The view holds until the next call.
  // Throws InputError for a damaged or truncated gzip, or a line longer than 16 MiB.
  bool next(std::string_view& line);
  std::int64_t number() const { return number_; }  // of the line given last, from 1
  void rewind();
  bool gzipped() const;
  const std::filesystem::path& path() const { return path_; }

  // "matrix.mtx.gz line 12": found, expected.
  [[noreturn]] void refuse(std::string found, std::string expected = {}, std::string advice = {}) const;

 private:
  struct Bytes;
  bool refill();

  std::filesystem::path path_;
  std::unique_ptr<Bytes> bytes_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // the part of the buffer not given yet
  std::int64_t number_ = 0;
};

}  // namespace cellverdict
