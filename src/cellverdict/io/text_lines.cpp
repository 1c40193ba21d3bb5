#include <cellverdict/io/text_lines.h>

#include <cellverdict/base/error.h>

#include <isa-l/igzip_lib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10, kLongestLine = std::size_t{16} << 20;

}  // namespace

// The file's bytes, inflated when it is gzip.
struct TextLines::Bytes {
  explicit Bytes(const fs::path& path) : file(std::fopen(path.c_str(), "rb"), &std::fclose), input(kBlock) {
    if (!file || fs::is_directory(path))
      throw InputError({.where = path.string(),
                        .found = fs::is_directory(path) ? "a folder" : std::string(std::strerror(errno)),
                        .expected = "a readable file",
                        .advice = "check the path"});
    rewind();
    if (n_input == 0)
      throw InputError({.where = path.string(), .found = "an empty file", .expected = "", .advice = "copy or download it again"});
  }

  void rewind() {
    std::rewind(file.get());
    problem.clear();
    padding = false;
    fill();
    gzip = n_input >= 2 && input[0] == 0x1f && input[1] == 0x8b;
    finished = false;
    if (!gzip) return;
    if (!inflater) inflater = std::make_unique<inflate_state>();
    isal_inflate_init(inflater.get());
    inflater->crc_flag = ISAL_GZIP;
  }

  void fill() {
    n_input = std::fread(input.data(), 1, input.size(), file.get());
    place = 0;
    if (n_input == 0 && std::ferror(file.get()) != 0) problem = std::strerror(errno);
  }

  // Up to `room` bytes; 0 at the end, or `problem` is set.
  std::size_t read(char* out, std::size_t room) {
    if (!gzip) {
      if (place == n_input) fill();
      const std::size_t n = std::min(room, n_input - place);
      std::memcpy(out, input.data() + place, n);
      place += n;
      return n;
    }
    inflater->next_out = reinterpret_cast<std::uint8_t*>(out);
    inflater->avail_out = static_cast<std::uint32_t>(room);
    while (inflater->avail_out == room && !finished && problem.empty()) inflate_more();
    return room - inflater->avail_out;
  }

  void inflate_more() {
    if (place == n_input && n_input > 0) fill();
    const bool at_end = n_input == 0;
    if (inflater->block_state == ISAL_BLOCK_FINISH) {
      next_member(at_end);
      if (finished || !problem.empty()) return;
    }
    inflater->next_in = input.data() + place;
    inflater->avail_in = static_cast<std::uint32_t>(n_input - place);
    const std::uint32_t room = inflater->avail_out;
    const int status = isal_inflate(inflater.get());
    place = n_input - inflater->avail_in;
    if (status == ISAL_INCORRECT_CHECKSUM) {
      problem = "a gzip stream whose checksum is wrong";
    } else if (status < 0) {
      problem = "a damaged gzip stream";
    } else if (at_end && inflater->avail_out == room && inflater->block_state != ISAL_BLOCK_FINISH) {
      problem = "a truncated gzip stream";
    }
  }

  // Members follow one another; zeros may pad the end.
  void next_member(bool at_end) {
    while (place < n_input && padding && input[place] == 0) ++place;
    if (at_end) {
      finished = true;
    } else if (place < n_input && input[place] == 0) {
      padding = true;
    } else if (place < n_input && (padding || input[place] != 0x1f)) {
      problem = "bytes after the end of the gzip stream";
    } else if (place < n_input) {
      isal_inflate_reset(inflater.get());
      inflater->crc_flag = ISAL_GZIP;
    }
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file;
  std::vector<std::uint8_t> input;
  std::size_t n_input = 0, place = 0;
  bool gzip = false, finished = false, padding = false;
  std::unique_ptr<inflate_state> inflater;
  std::string problem;
};

TextLines::TextLines(fs::path path) : path_(std::move(path)), bytes_(std::make_unique<Bytes>(path_)), buffer_(kBlock, '\0') {}
TextLines::~TextLines() = default;
TextLines::TextLines(TextLines&&) noexcept = default;
TextLines& TextLines::operator=(TextLines&&) noexcept = default;

bool TextLines::gzipped() const {
  return bytes_->gzip;
}

void TextLines::rewind() {
  bytes_->rewind();
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
    if (buffer_.size() >= kLongestLine) {
      ++number_;
      refuse("a line longer than 16 MiB", "a text file");
    }
    buffer_.resize(buffer_.size() * 2);
  }
  const std::size_t n = bytes_->read(buffer_.data() + end_, buffer_.size() - end_);
  if (!bytes_->problem.empty())
    throw InputError({.where = path_.string(),
                      .found = bytes_->problem + " after line " + std::to_string(number_),
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

}  // namespace cellverdict
