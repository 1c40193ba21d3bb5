#include <cellverdict/io/text_lines.h>

#include <cellverdict/base/error.h>

#include <cstring>

namespace cellverdict {

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;

}  // namespace

TextLines::TextLines(InputBytes input, std::int64_t longest_line)
    : path_(input.shown), longest_line_(longest_line), bytes_(std::move(input)), buffer_(2 * kBlock, '\0') {}

void TextLines::rewind() {
  bytes_.rewind();
  begin_ = end_ = 0;
  number_ = 0;
}

void TextLines::refuse(std::string found, std::string expected, std::string advice) const {
  const std::string where = number_ == 0 ? path_.string() : path_.string() + " line " + std::to_string(number_);
  throw InputError({where, std::move(found), std::move(expected), std::move(advice)});
}

// Makes room behind what is left of the last line and reads on; false at the end of the file.
bool TextLines::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (static_cast<std::int64_t>(buffer_.size()) >= longest_line_) {
      ++number_;
      refuse("a line longer than " + std::to_string(longest_line_ >> 20) + " MiB", "a text file");
    }
    buffer_.resize(buffer_.size() * 2);
  }
  const std::size_t n = bytes_.read(buffer_.data() + end_, buffer_.size() - end_);
  if (n == 0 && !bytes_.problem().empty())
    throw InputError({.where = path_.string(),
                      .found = bytes_.problem() + " after line " + std::to_string(number_),
                      .expected = "a whole file",
                      .advice = "copy or download it again"});
  end_ += n;
  return n > 0;
}

bool TextLines::next(std::string_view& line) {
  std::size_t searched = begin_;
  const char* stop = nullptr;
  for (;;) {
    stop = static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (stop != nullptr) break;
    const std::size_t seen = end_ - begin_;
    if (!refill()) {
      if (begin_ == end_) return false;
      break;  // a last line without an end
    }
    searched = begin_ + seen;
  }
  const std::size_t length = stop != nullptr ? static_cast<std::size_t>(stop - buffer_.data()) - begin_ : end_ - begin_;
  line = std::string_view(buffer_).substr(begin_, length);
  begin_ += length + (stop != nullptr ? 1 : 0);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++number_;
  return true;
}

std::string_view TextLines::lines_at_hand() {
  for (;;) {
    const auto* stop = static_cast<const char*>(::memrchr(buffer_.data() + begin_, '\n', end_ - begin_));
    if (stop != nullptr)
      return std::string_view(buffer_).substr(begin_, static_cast<std::size_t>(stop + 1 - buffer_.data()) - begin_);
    if (!refill()) return {};
  }
}

void TextLines::skip(std::size_t bytes, std::int64_t lines) {
  begin_ += bytes;
  number_ += lines;
}

}  // namespace cellverdict
