#pragma once
// Lines of a text file, plain or gzip (told by its first bytes, any number of gzip members), one after the other in bounded memory.
// Every format of text files here is read through this. Must never: take a truncated gzip for the end of the file.

#include <cellverdict/io/text_bytes.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace cellverdict {

class TextLines {
 public:
  static constexpr std::int64_t kLongestLine = std::int64_t{16} << 20;
  // Throws InputError when the file is missing, unreadable or empty. `longest_line`: what a line may take; a matrix with a million
  // columns needs more than a table of names.
  explicit TextLines(InputBytes input, std::int64_t longest_line = kLongestLine);

  // The next line without its end (LF or CRLF); false at the end of the file. The view holds until the next call.
  // Throws InputError for a damaged or truncated gzip, or a line that is too long.
  bool next(std::string_view& line);
  std::int64_t number() const { return number_; }  // of the line given last, from 1
  void rewind();
  bool gzipped() const { return bytes_.gzipped(); }
  const std::filesystem::path& path() const { return path_; }  // what errors call it

  // For parsers that take many lines in one go: all whole lines at hand with their ends, some when there is one in the file;
  // empty at the end and before a last line that lacks its end. The view holds until the next call. skip() goes on behind the
  // first `bytes` of them, which are `lines` whole lines.
  std::string_view lines_at_hand();
  void skip(std::size_t bytes, std::int64_t lines);

  // "matrix.mtx.gz line 12": found, expected.
  [[noreturn]] void refuse(std::string found, std::string expected = {}, std::string advice = {}) const;

 private:
  bool refill();

  std::filesystem::path path_;
  std::int64_t longest_line_ = kLongestLine;
  TextBytes bytes_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // the part of the buffer not given yet
  std::int64_t number_ = 0;
};

}  // namespace cellverdict
